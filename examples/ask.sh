#!/bin/sh
# One question to a running server: sh examples/ask.sh "Who is Mexico's ambassador?" [http://127.0.0.1:8000]
question=$(printf '%s' "${1:?a question}" | sed 's/["\\]/\\&/g')
curl --fail-with-body --silent --show-error --header "Content-Type: application/json" \
  --data "{\"question\": \"$question\"}" "${2:-http://127.0.0.1:8000}/ask"
