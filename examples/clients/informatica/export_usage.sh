#!/usr/bin/env bash
# The same client in curl: log in, post a SUMMARY job over all linked orgs, poll, download.
#   export_usage.sh LOGIN_ORIGIN USER PASSWORD START END OUTPUT
# e.g. export_usage.sh http://127.0.0.1:8080 admin "$PASSWORD" 2024-09-01T00:00:00Z 2024-09-30T00:00:00Z september.zip
set -euo pipefail
[ $# -eq 6 ] || { sed -n '2,4p' "$0" | cut -c3-; exit 2; }
origin=$1 user=$2 password=$3 start=$4 end=$5 output=$6

# One value of a flat JSON answer; python3 reads it, so that quotes inside values are no trouble.
value() { python3 -c 'import json,sys; v=json.load(sys.stdin)
for k in sys.argv[1].split("."): v = v[int(k)] if k.isdigit() else v[k]
print(v)' "$1"; }
quoted() { python3 -c 'import json,sys; print(json.dumps(sys.argv[1]))' "$1"; }

login=$(curl -sS --fail-with-body -H 'Content-Type: application/json' \
  -d "{\"username\":$(quoted "$user"),\"password\":$(quoted "$password")}" "$origin/saas/public/core/v3/login")
base=$(value products.0.baseApiUrl <<<"$login")
session=$(value userInfo.sessionId <<<"$login")
resource=$base/public/core/v3/license/metering/ExportMeteringData

job=$(curl -sS --fail-with-body -H 'Content-Type: application/json' -H "INFA-SESSION-ID: $session" \
  -d "{\"startDate\":\"$start\",\"endDate\":\"$end\",\"jobType\":\"SUMMARY\",\"combinedMeterUsage\":\"TRUE\",\"allLinkedOrgs\":\"TRUE\"}" \
  "$resource")
id=$(value jobId <<<"$job")

status=CREATED
while [ "$status" = CREATED ] || [ "$status" = PROCESSING ]; do
  sleep 1
  job=$(curl -sS --fail-with-body -H "INFA-SESSION-ID: $session" "$resource/$id")
  status=$(value status <<<"$job")
done
[ "$status" = FAILED ] && { echo "job $id failed: $(value errorMessage <<<"$job")" >&2; exit 1; }
curl -sS --fail -H "INFA-SESSION-ID: $session" -o "$output" "$resource/$id/download"
curl -sS -o /dev/null -X POST -H "INFA-SESSION-ID: $session" "$base/public/core/v3/logout"
echo "$output ($status)"
[ "$status" = SUCCESS ] || exit 3
