// Script of a Zabbix webhook media type. Its parameters: url (of /webhook/zabbix), token, and
//   event_id {EVENT.ID}   event_value {EVENT.VALUE}   event_name {EVENT.NAME}   event_nseverity {EVENT.NSEVERITY}
//   event_timestamp {EVENT.TIMESTAMP}   event_recovery_timestamp {EVENT.RECOVERY.TIMESTAMP}   event_tagsjson {EVENT.TAGSJSON}
//   trigger_id {TRIGGER.ID}   trigger_name {TRIGGER.NAME}   trigger_description {TRIGGER.DESCRIPTION}   trigger_url {TRIGGER.URL}
//   host_name {HOST.NAME}   item_value {ITEM.VALUE}
// The dates {EVENT.DATE} {EVENT.TIME} are of no use: they do not say in which zone they are.
var params = JSON.parse(value), url = params.url, token = params.token, request = new HttpRequest();
delete params.url;
delete params.token;
request.addHeader('Content-Type: application/json');
if (token) request.addHeader('Authorization: Bearer ' + token);
var answer = request.post(url, JSON.stringify(params));
if (request.getStatus() !== 202) throw 'Pinkstar answered ' + request.getStatus() + ': ' + answer;
return 'OK';
