
¡‰‹Ø•šï:alertmanager-0´:±
®
$8e1b5a5e-1b0c-4d4a-8a2b-0a3cbb1f2c119serviceshield-generator"service="shield-generator"" ‰‹Ø•šï:*°¥‹Ø•šï:2 ‰‹Ø•šï::shield-teamBforce field maintenance 