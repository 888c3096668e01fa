
¡‰‹Ø•šï:alertmanager-0ÈÅ
ÂŒÒú¾˜¦Ò•±
ShieldDown‘
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
teamshield"{
%
description35 "starfighters"
seen
&
runbook_urlhttps://runbooks/shield
*
summaryThe force field <is> down & out* ‰‹Ø•šï:2€’¸Ã˜þÿÿÿ 