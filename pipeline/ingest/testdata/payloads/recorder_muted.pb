
¡‰‹Ø•šï:alertmanager-0ÖJÓ
®
$8e1b5a5e-1b0c-4d4a-8a2b-0a3cbb1f2c119serviceshield-generator"service="shield-generator"" ‰‹Ø•šï:*°¥‹Ø•šï:2 ‰‹Ø•šï::shield-teamBforce field maintenanceŸ
‘

	alertname
ShieldDown

envprod

instanceshield-1:9100

jobnode

serviceshield-generator

severitycritical

teamshieldŒÒú¾˜¦Ò•± 