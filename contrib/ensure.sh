#!/bin/sh
# Make ECR repositories exist before the first push to them, for pipelines without Python.
#
#   ensure.sh IMAGE...          ENSURE_TIMEOUT=120 seconds are for all images together
#
# Needs the aws CLI and nothing but the permissions of a push. Asks for each repository by the very call that a push
# would make first, then waits until it is there. Exit codes are those of `deployer ensure`:
#   0 all are there    15 no image in ECR    18 timed out    6 no permission    4 no credentials    64 wrong usage
set -eu

timeout=${ENSURE_TIMEOUT:-120}
ask_again_after=30
no_layer=sha256:0000000000000000000000000000000000000000000000000000000000000000

say() { printf '%s\n' "$*" >&2; }

stop() { # stop CODE MESSAGE...
    code=$1
    shift
    say "ensure.sh: $*"
    exit "$code"
}

# Sets account, region and repository, or stops.
parse() {
    reference=${1#docker://}
    host=${reference%%/*}
    path=${reference#*/}
    [ "$host" != "$reference" ] || stop 15 "$1: names no repository"
    account=${host%%.*}
    case $host in
        *.dkr.ecr.*.amazonaws.com | *.dkr.ecr.*.amazonaws.com.cn) region=${host#*.dkr.ecr.} ;;
        *.dkr.ecr-fips.*.amazonaws.com) region=${host#*.dkr.ecr-fips.} ;;
        *.dkr-ecr.*.on.aws | *.dkr-ecr.*.on.amazonwebservices.com.cn) region=${host#*.dkr-ecr.} ;;
        *.dkr-ecr-fips.*.on.aws) region=${host#*.dkr-ecr-fips.} ;;
        *) stop 15 "$1: not in a private ECR registry" ;;
    esac
    region=${region%%.*}
    case $account in
        *[!0-9]* | '') stop 15 "$1: the host begins with no account of 12 digits" ;;
    esac
    [ ${#account} -eq 12 ] || stop 15 "$1: the host begins with no account of 12 digits"
    repository=${path%%@*}
    repository=${repository%%:*}
    [ -n "$repository" ] || stop 15 "$1: names no repository"
}

# call OPERATION ARGUMENTS...: 0 when the repository is there, 1 when it is missing, else stops.
call() {
    operation=$1
    shift
    if answer=$(aws ecr "$operation" --region "$region" --registry-id "$account" \
        --repository-name "$repository" --output json "$@" 2>&1); then
        return 0
    fi
    case $answer in
        *RepositoryNotFoundException*) return 1 ;;
        *AccessDenied*) stop 6 "$repository in account $account, $region: $answer" ;;
        *ExpiredToken* | *UnrecognizedClient* | *InvalidClientToken* | *"ocate credentials"*) stop 4 "$answer" ;;
        *Throttling* | *TooManyRequests* | *"onnect"* | *"imeout"*) return 1 ;; # passes by itself; asked again
        *) stop 1 "$answer" ;;
    esac
}

ensure() { # ensure IMAGE
    parse "$1"
    where="$repository (account $account, $region)"
    if call initiate-layer-upload; then
        say "$where: there already"
        return 0
    fi
    say "$where: asked for, as a push would; waiting"
    delay=1
    asked=$(date +%s)
    while :; do
        now=$(date +%s)
        left=$((deadline - now))
        [ "$left" -gt 0 ] || return 1
        [ "$delay" -lt "$left" ] || delay=$left
        sleep "$delay"
        now=$(date +%s)
        if [ $((now - asked)) -ge "$ask_again_after" ]; then
            asked=$now # the event is delivered on a best-effort basis: a request that nobody heard is made again
            call initiate-layer-upload && break
        else
            call batch-check-layer-availability --layer-digests "$no_layer" && break
        fi
        [ "$delay" -ge 5 ] || delay=$((delay + 1))
    done
    say "$where: there"
}

[ $# -gt 0 ] || stop 64 "usage: ensure.sh IMAGE..."
command -v aws >/dev/null 2>&1 || stop 127 "the aws CLI is not installed"
case $timeout in
    *[!0-9]* | '') stop 64 "ENSURE_TIMEOUT=$timeout is no number of seconds" ;;
esac

deadline=$(($(date +%s) + timeout))
for image in "$@"; do
    ensure "$image" || stop 18 "$where: not there after $timeout s. It may be refused, or still on its way:
  in the central account, \`deployer audit list\` shows the decision with its reason."
done
