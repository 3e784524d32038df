#!/usr/bin/env bash
# HERE's Cost Management Usage API v2 in curl and openssl.
#   usage.sh token
#   usage.sh usage REALM START END [NAME=VALUE...]     every record, one JSON object a line
#   usage.sh csv REALM START END [NAME=VALUE...]       the same as CSV
#   usage.sh report REALM START END [NAME=VALUE...]    makes a report, waits for it, prints its CSV
# Environment: HERE_CREDENTIALS (file, default credentials.properties), HERE_API (default the vendor's).
# Exit codes: 0 done, 1 the report failed, 2 bad use, else curl's.
# e.g. HERE_API=http://127.0.0.1:8080/v2 usage.sh usage org123456789 2024-09-01 2024-09-30 detailLevel=day groupBy=appId
# While openssl runs, the secret is on its command line: on a machine that others use take here_usage.py.
set -euo pipefail
credentials=${HERE_CREDENTIALS:-credentials.properties}
api=${HERE_API:-https://usage.bam.api.here.com/v2}
usage() { sed -n '3,9p' "$0" | cut -c3- >&2; exit 2; }
case ${1:-} in token) ;; usage | csv | report) [ $# -ge 4 ] || usage ;; *) usage ;; esac

property() { sed -n "s/^[[:space:]]*${1//./\\.}[[:space:]]*=[[:space:]]*//p" "$credentials" | tr -d '\r' | sed 's/[[:space:]]*$//'; }
encoded() { # RFC 3986
  local LC_ALL=C text=$1 out='' c i
  for ((i = 0; i < ${#text}; i++)); do
    c=${text:i:1}
    case $c in [a-zA-Z0-9._~-]) out+=$c ;; *) printf -v c '%%%02X' "'$c"; out+=$c ;; esac
  done
  printf %s "$out"
}
# One value of a JSON answer; python3 reads it, so that quotes inside values are no trouble.
value() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# What the server said goes to the error output, the exit code is curl's.
failed() { echo "$2" >&2; exit "$1"; }

get_token() {
  local url key secret nonce timestamp parameters base signature answer
  url=$(property here.token.endpoint.url) key=$(property here.access.key.id) secret=$(property here.access.key.secret)
  nonce=$(openssl rand -hex 16) timestamp=$(date +%s)
  # Sorted by name; the form's parameter is signed like those of the header.
  parameters="grant_type=client_credentials&oauth_consumer_key=$(encoded "$key")&oauth_nonce=$nonce"
  parameters+="&oauth_signature_method=HMAC-SHA256&oauth_timestamp=$timestamp&oauth_version=1.0"
  base="POST&$(encoded "$url")&$(encoded "$parameters")"
  signature=$(printf %s "$base" | openssl dgst -sha256 -hmac "$(encoded "$secret")&" -binary | base64 -w 0)
  answer=$(curl -sS --fail-with-body "$url" -d grant_type=client_credentials -H @<(printf %s "Authorization: OAuth \
oauth_consumer_key=\"$(encoded "$key")\", oauth_nonce=\"$nonce\", oauth_signature=\"$(encoded "$signature")\", \
oauth_signature_method=\"HMAC-SHA256\", oauth_timestamp=\"$timestamp\", oauth_version=\"1.0\"")) || failed $? "$answer"
  value access_token <<<"$answer"
}
token=$(get_token)
[ "$1" = token ] && { echo "$token"; exit; }

call() { curl -sS --fail-with-body -H @<(printf %s "Authorization: Bearer $token") "$@"; }

command=$1 realm=$2 query=(--data-urlencode "startDate=$3" --data-urlencode "endDate=$4")
shift 4
for parameter in "$@"; do query+=(--data-urlencode "$parameter"); done
resource=$api/usage/realms/$(encoded "$realm")

case $command in
  usage)
    last=0
    for ((offset = 0; offset <= last; offset++)); do # a page number
      page=$(call -G "$resource" "${query[@]}" -d limit=100 -d "offset=$offset") || failed $? "$page"
      last=$(value lastOffset <<<"$page")
      python3 -c 'import json, sys; [print(json.dumps(item)) for item in json.load(sys.stdin)["items"]]' <<<"$page"
    done
    ;;
  csv) call -G "$resource/csv" "${query[@]}" ;;
  report)
    # -G puts the parameters into the URL, as the API wants them; -X makes it a POST all the same.
    report=$(call -G -X POST "$resource/reports" "${query[@]}") || failed $? "$report"
    id=$(value id <<<"$report")
    while true; do
      report=$(call "$resource/reports/$id") || failed $? "$report"
      status=$(value status <<<"$report")
      case $status in
        completed) break ;;
        failed | archived) echo "$id is $status" >&2; exit 1 ;;
      esac
      sleep 1
    done
    call "$(value resultHref <<<"$report")" | gunzip
    ;;
esac
