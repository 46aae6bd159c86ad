#!/bin/sh
# Make ECR repositories exist before the first push to them, for pipelines without Python.
#
#   ensure.sh IMAGE...          ENSURE_TIMEOUT=300 seconds are for all images together
#
# Needs the aws CLI and nothing but the permissions of a push. Asks for each repository by the very call that a push
# would make first, then waits until all are there. Exit codes are those of `deployer ensure`:
#   0 all are there    18 timed out    15 no image in ECR    6 no permission    4 no credentials    13 another error
#   64 wrong usage    127 no aws CLI
set -eu

timeout=${ENSURE_TIMEOUT:-300}
ask_again_after=30
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
    [ "$path" != "$reference" ] || stop 15 "$1: names no repository"
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
        *[!0-9]*) stop 15 "$1: the host begins with no account of 12 digits" ;;
    esac
    [ ${#account} -eq 12 ] || stop 15 "$1: the host begins with no account of 12 digits"
    repository=${path%%@*}
    repository=${repository%%:*}
    [ -n "$repository" ] || stop 15 "$1: names no repository"
    where="$repository ($account, $region)"
    if [ -n "${AWS_ENDPOINT_URL:-}${AWS_ENDPOINT_URL_ECR:-}" ]; then
        fips=false dual_stack=false # the CLI refuses to combine these with an endpoint that is given
    fi
}

# call OPERATION ARGUMENTS...: 0 when the repository is there, 1 when it is missing, 2 when nobody heard, else stops.
call() {
    operation=$1
    shift
    # --endpoint-url besides the variable: releases of the CLI before 2.13 do not read it.
    if answer=$(AWS_USE_FIPS_ENDPOINT=$fips AWS_USE_DUALSTACK_ENDPOINT=$dual_stack \
        aws ecr "$operation" --region "$region" --registry-id "$account" --repository-name "$repository" \
        ${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} --output json "$@" 2>&1); then
        return 0
    fi
    answer=${answer#"${answer%%[![:space:]]*}"} # the CLI begins with an empty line
    case $answer in
        *RepositoryNotFoundException*) return 1 ;;
        *AccessDenied*) stop 6 "$where: $answer" ;;
        *InvalidParameter*) stop 15 "$where: $answer" ;;
        *ExpiredToken* | *UnrecognizedClient* | *InvalidClientToken* | *InvalidSignature* | *"ocate credentials"* | \
            *"oken has expired"* | *"SSO"* | *"config profile"*)
            stop 4 "$answer" ;;
        *Throttling* | *TooManyRequests* | *ServerException* | *"onnect"* | *"imed out"*) # passes by itself
            say "ensure.sh: $where: $answer"
            return 2
            ;;
        *) stop 13 "$where: $answer" ;;
    esac
}

# Waits for the image that was parsed last; 1 when the deadline is over.
wait_for_it() {
    delay=1
    asked=$(date +%s)
    case " $unheard " in
        *" $image "*) asked=0 ;;
    esac
    while :; do
        left=$((deadline - $(date +%s)))
        [ "$left" -gt 0 ] || return 1
        [ "$delay" -lt "$left" ] || delay=$left
        sleep "$delay"
        now=$(date +%s)
        if [ $((now - asked)) -ge "$ask_again_after" ]; then
            # the event is delivered on a best-effort basis: a request that led to nothing is made again
            call initiate-layer-upload && return 0
            [ $? -eq 2 ] || asked=$now
        else
            call batch-check-layer-availability --layer-digests "$no_layer" && return 0
        fi
        [ "$delay" -ge 5 ] || delay=$((delay + 1))
    done
}

[ $# -gt 0 ] || stop 64 "usage: ensure.sh IMAGE..."
command -v aws >/dev/null 2>&1 || stop 127 "the aws CLI is not installed"
case $timeout in
    *[!0-9]* | '' | 0?*) stop 64 "ENSURE_TIMEOUT=$timeout is no number of seconds" ;;
esac
for image in "$@"; do
    parse "$image" # every mistake is said before anything is asked for
done

deadline=$(($(date +%s) + timeout))
missing='' unheard=''
for image in "$@"; do # all are asked for before one is waited for
    parse "$image"
    heard=0
    call initiate-layer-upload || heard=$?
    case $heard in
        0) say "$where: there already" ;;
        1) say "$where: asked for, as a push would" ;;
        *) unheard="$unheard $image" ;;
    esac
    [ "$heard" -eq 0 ] || missing="$missing $image"
done
for image in $missing; do # unquoted: references hold no blanks
    parse "$image"
    wait_for_it || stop 18 "$where: not there after $timeout s
  It may be refused, or still be on its way. In the central account, these show
  the decision with its reason, and whether the account and region are covered:
    deployer audit list --repository $repository
    deployer status"
    say "$where: there"
done
