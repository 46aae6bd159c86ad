#!/bin/sh
# Creates ECR repositories before the first push to them, for pipelines without Python.
#
#   ensure.sh IMAGE...          ENSURE_TIMEOUT=300 is the time in seconds for all images together
#
# With DEPLOYER_URL, the handler's function URL, and a curl that signs requests (7.75 or later), it has the answer in
# about a second; credentials that are in no variables are exported by version 2 of the aws CLI. Otherwise it needs only
# the aws CLI and the permissions of a push: it makes the first call of a push for each repository, then waits until all
# exist. The exit codes are those of `deployer ensure`:
#   0 all exist    18 timed out    19 refused    15 not an ECR image    3 not a function URL    6 no permission
#   4 no credentials    13 another error    64 invalid usage    127 no aws CLI
set -eu

timeout=${ENSURE_TIMEOUT:-300}
url=${DEPLOYER_URL:-}
url=${url#"${url%%[![:space:]]*}"} # without blanks and line breaks around it
url=${url%"${url##*[![:space:]]}"}
retry_after=30
no_layer=sha256:0000000000000000000000000000000000000000000000000000000000000000

say() { printf '%s\n' "$*" >&2; }

stop() { # stop CODE MESSAGE...
    code=$1
    shift
    say "ensure.sh: $*"
    exit "$code"
}

# Sets account, region, repository, fips and dual_stack, or stops.
parse() {
    reference=${1#*://}
    host=$(printf '%s' "${reference%%/*}" | tr '[:upper:]' '[:lower:]')
    host=${host%:*}
    path=${reference#*/}
    [ "$path" != "$reference" ] || stop 15 "$1: has no repository name"
    account=${host%%.*}
    fips=false dual_stack=false
    case $host in
        *.dkr.ecr.*.amazonaws.com | *.dkr.ecr.*.amazonaws.com.cn | *.dkr.ecr.*.amazonaws.eu)
            region=${host#*.dkr.ecr.} ;;
        *.dkr.ecr.us-iso*-*.c2s.ic.gov | *.dkr.ecr.us-iso*-*.sc2s.sgov.gov | *.dkr.ecr.us-iso*-*.csp.hci.ic.gov | \
            *.dkr.ecr.eu-isoe-*.cloud.adc-e.uk)
            region=${host#*.dkr.ecr.} ;;
        *.dkr.ecr-fips.*.amazonaws.com)
            region=${host#*.dkr.ecr-fips.} fips=true ;;
        *.dkr-ecr.*.on.aws | *.dkr-ecr.*.on.amazonwebservices.com.cn | *.dkr-ecr.*.on.amazonwebservices.eu)
            region=${host#*.dkr-ecr.} dual_stack=true ;;
        *.dkr-ecr-fips.*.on.aws)
            region=${host#*.dkr-ecr-fips.} fips=true dual_stack=true ;;
        *) stop 15 "$1: not in a private ECR registry" ;;
    esac
    region=${region%%.*}
    case $account in
        *[!0-9]*) stop 15 "$1: the host must start with an account id of 12 digits" ;;
    esac
    [ ${#account} -eq 12 ] || stop 15 "$1: the host must start with an account id of 12 digits"
    repository=${path%%@*}
    repository=${repository%%:*}
    [ -n "$repository" ] || stop 15 "$1: has no repository name"
    location="$repository ($account, $region)"
    if [ -n "${AWS_ENDPOINT_URL:-}${AWS_ENDPOINT_URL_ECR:-}" ]; then
        fips=false dual_stack=false # the CLI rejects these together with an explicit endpoint
    fi
}

# Sets url_region, or stops: no other host receives a signed request.
parse_url() {
    url=${url%/}
    url=${url%:443}
    host=${url#https://}
    id=${host%%.*}
    url_region=${host#"$id".lambda-url.}
    url_region=${url_region%.on.aws}
    [ "$url" = "https://$id.lambda-url.$url_region.on.aws" ] || stop 3 "DEPLOYER_URL=$url is not a function URL"
    case "$id/$url_region" in
        */*[!abcdefghijklmnopqrstuvwxyz0123456789-]* | *[!abcdefghijklmnopqrstuvwxyz0123456789]*/* | /* | */)
            stop 3 "DEPLOYER_URL=$url is not a function URL" ;;
    esac
}

# Prints the configuration with which curl signs, or nothing: secrets in arguments are visible to every process.
signing() {
    (
        if [ -z "${AWS_ACCESS_KEY_ID:-}" ] || [ -z "${AWS_SECRET_ACCESS_KEY:-}" ]; then
            exported=$(aws configure export-credentials --format env 2>/dev/null) || exit 0
            eval "$exported"
        fi
        printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
        [ -z "${AWS_SESSION_TOKEN:-}" ] || printf 'header = "x-amz-security-token: %s"\n' "$AWS_SESSION_TOKEN"
    )
}

# text KEY: a text of the answer about one repository.
text() {
    printf '%s' "$answer" | sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"
}

# Prints body and status of the response.
post() {
    printf '%s\n' "$signed" | curl --silent --show-error --config - --proto '=https' --max-redirs 0 --connect-timeout 3 \
        --max-time 20 \
        --aws-sigv4 "aws:amz:$url_region:lambda" --header 'content-type: application/json' --data "$order" \
        --write-out '\n%{http_code}' "$url/" 2>&1
}

# request: 0 if the handler answered about the image that was parsed last, 1 if the event lane is left; sets outcome.
request() {
    outcome='' reason=''
    case " $foreign " in
        *" $account "*) return 1 ;;
    esac
    case $repository in
        *[\"\\]*) return 1 ;; # ECR refuses it
    esac
    order=$(printf '{"version": 1, "account": "%s", "region": "%s", "repositories": ["%s"]}' \
        "$account" "$region" "$repository")
    if ! response=$(post); then
        reason="$response"
    else
        case $response in
            *[!0-9]5[0-9][0-9]) # a request that ended badly is safe to repeat
                sleep 1
                response=$(post) || : ;;
        esac
        status=$(printf '%s\n' "$response" | tail -n 1)
        # one line without control characters, in which only keys and values have quotation marks
        answer=$(printf '%s' "$response" | tr -d '\000-\037\177' | sed 's/\\\\//g; s/\\"/'"'"'/g')
        [ "$status" = 200 ] && outcome=$(text outcome)
        [ "$(text repository)" = "$repository" ] || outcome=''
        case "$outcome/$(text reason)" in
            failed/not-handed-over) outcome='' reason=$(text message) ;;
            created/* | exists/* | refused/* | failed/* | pending/*) return 0 ;;
            *) outcome='' reason="it answered $status $(text message)" ;;
        esac
    fi
    say "ensure.sh: DEPLOYER_URL is not used: $reason; the event lane is used instead, which takes longer"
    case $response in
        *'"other-account"'*) foreign="$foreign $account" ;;
        *) url='' ;;
    esac
    return 1
}

# call OPERATION ARGUMENTS...: 0 if the repository exists, 1 if it is missing, 2 for a temporary error; stops otherwise.
call() {
    operation=$1
    shift
    # --endpoint-url in addition to the variable, which releases of the CLI before 2.13 do not read.
    if answer=$(AWS_USE_FIPS_ENDPOINT=$fips AWS_USE_DUALSTACK_ENDPOINT=$dual_stack \
        aws ecr "$operation" --region "$region" --registry-id "$account" --repository-name "$repository" \
        ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} --output json "$@" 2>&1); then
        return 0
    fi
    answer=${answer#"${answer%%[![:space:]]*}"} # the CLI prints an empty line first
    case $answer in
        *RepositoryNotFoundException*) return 1 ;;
        *AccessDenied*) stop 6 "$location: $answer" ;;
        *InvalidParameter*) stop 15 "$location: $answer" ;;
        *ExpiredToken* | *UnrecognizedClient* | *InvalidClientToken* | *InvalidSignature* | *"ocate credentials"* | \
            *"oken has expired"* | *"SSO"* | *"config profile"*)
            stop 4 "$answer" ;;
        *Throttling* | *TooManyRequests* | *ServerException* | *"onnect"* | *"imed out"*) # temporary
            say "ensure.sh: $location: $answer"
            return 2
            ;;
        *) stop 13 "$location: $answer" ;;
    esac
}

# Waits for the image that was parsed last; 1 after the deadline.
wait_for_it() {
    delay=1
    requested=$(date +%s)
    case " $retried " in
        *" $image "*) requested=0 ;;
    esac
    while :; do
        left=$((deadline - $(date +%s)))
        [ "$left" -gt 0 ] || return 1
        [ "$delay" -lt "$left" ] || delay=$left
        sleep "$delay"
        now=$(date +%s)
        if [ $((now - requested)) -ge "$retry_after" ]; then
            # events are delivered on a best-effort basis, so the request is repeated
            call initiate-layer-upload && return 0
            [ $? -eq 2 ] || requested=$now
        else
            call batch-check-layer-availability --layer-digests "$no_layer" && return 0
        fi
        [ "$delay" -ge 5 ] || delay=$((delay + 1))
    done
}

[ $# -gt 0 ] || stop 64 "usage: ensure.sh IMAGE..."
command -v aws >/dev/null 2>&1 || stop 127 "the aws CLI is not installed"
case $timeout in
    *[!0-9]* | '' | 0?*) stop 64 "ENSURE_TIMEOUT=$timeout is not a number of seconds" ;;
esac
for image in "$@"; do
    parse "$image" # report invalid arguments before the first request
done

if [ -n "$url" ]; then
    parse_url
    if ! curl --help all 2>/dev/null | grep -q -e --aws-sigv4; then
        say "ensure.sh: DEPLOYER_URL is not used: it takes curl 7.75 or later, which signs requests"
        url=''
    fi
fi
if [ -n "$url" ]; then
    signed=$(signing)
    if [ -z "$signed" ]; then
        say "ensure.sh: DEPLOYER_URL is not used: the aws CLI exports no credentials, which takes its version 2"
        url=''
    fi
fi

deadline=$(($(date +%s) + timeout))
missing='' retried='' foreign='' refused=''
for image in "$@"; do # request all before waiting for the first
    parse "$image"
    result=0
    if [ -n "$url" ] && request; then
        case $outcome in
            created) say "$location: created" ;;
            exists) say "$location: exists already" ;;
            pending)
                say "$location: requested
  $(text message) [$(text reason)]"
                missing="$missing $image"
                ;;
            *)
                refused=19
                say "$location: $outcome
  $(text message) [$(text reason)]
  Rule: $(text rule)
  $(text next_step)"
                ;;
        esac
        continue
    fi
    call initiate-layer-upload || result=$?
    case $result in
        0) say "$location: exists already" ;;
        1) say "$location: requested" ;;
        *) retried="$retried $image" ;;
    esac
    [ "$result" -eq 0 ] || missing="$missing $image"
done
for image in $missing; do # unquoted: references contain no blanks
    parse "$image"
    wait_for_it || stop "${refused:-18}" "$location: does not exist after $timeout s
  It may be refused, or its event may be late. In the central account, these show
  the decision with its reason, and whether the account and region are covered:
    deployer audit list --repository $repository
    deployer status"
    say "$location: created"
done
exit "${refused:-0}"
