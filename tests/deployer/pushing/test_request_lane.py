"""Requests to the function URL: valid URLs, what is sent, and the effect of every kind of response."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deployer.errors import ConfigurationError
from deployer.function_url import FunctionUrl
from deployer.pushing.images import ImageReference, parse_image
from deployer.pushing.request_lane import Answer, NoResponse, RequestLane, Response, batches
from handler.requests import MAX_REPOSITORIES

HOST = "300000000001.dkr.ecr.eu-west-1.amazonaws.com"
ELSEWHERE = "300000000001.dkr.ecr.us-east-1.amazonaws.com"
FOREIGN = "400000000001.dkr.ecr.eu-west-1.amazonaws.com"
URL = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws"


def image(name: str, host: str = HOST) -> ImageReference:
    parsed = parse_image(f"{host}/{name}:1")
    assert parsed is not None
    return parsed


def result(repository: str, outcome: str = "created", **changes: Any) -> dict[str, Any]:
    texts = {"reason": outcome, "rule": "", "message": "It is.", "next_step": "Push the image.", "event_id": "1-1"}
    return {"repository": repository, "outcome": outcome, **texts, **changes}


def answered(*results: dict[str, Any]) -> Response:
    return Response(status=200, body=json.dumps({"version": 1, "results": results}).encode())


def rejected(status: int, code: str, message: str = "No.") -> Response:
    error = {"code": code, "message": message, "next_step": "Send another."}
    return Response(status=status, body=json.dumps({"version": 1, "error": error}).encode())


@dataclass
class Handler:
    """Returns each of `responses` in turn, then creates everything that is requested."""

    responses: list[Response | NoResponse] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)

    def send(self, body: bytes) -> Response | NoResponse:
        self.bodies.append(json.loads(body))
        if self.responses:
            return self.responses.pop(0)
        return answered(*(result(name) for name in self.bodies[-1]["repositories"]))

    @property
    def lane(self) -> RequestLane:
        return RequestLane(transport=self, sleep=self.slept.append, on_fallback=self.fallbacks.append)


class TestUrls:
    @pytest.mark.parametrize(
        "text", [f"https://{URL}/", f"https://{URL}", f"HTTPS://{URL.upper()}:443/", f" https://{URL}/\r\n"]
    )
    def test_a_function_url(self, text: str) -> None:
        url = FunctionUrl.parse(text)
        assert (url.host, url.region, url.text) == (URL, "eu-west-1", f"https://{URL}/")

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(f"http://{URL}/", id="without TLS"),
            pytest.param(URL, id="without a scheme"),
            pytest.param("https://abc.lambda-url.eu-west-1.on.aws.example.com/", id="a host that continues"),
            pytest.param("https://example.com/abc.lambda-url.eu-west-1.on.aws/", id="a host in the path"),
            pytest.param(f"https://{URL}@example.com/", id="a host as the user name"),
            pytest.param(f"https://user:password@{URL}/", id="a user name"),
            pytest.param("https://example.com#.lambda-url.eu-west-1.on.aws", id="a host in the fragment"),
            pytest.param("https://example.com\\.lambda-url.eu-west-1.on.aws", id="a backslash"),
            pytest.param("https://example.com/\n.lambda-url.eu-west-1.on.aws", id="a line break"),
            pytest.param("https://a.b.lambda-url.eu-west-1.on.aws/", id="a subdomain"),
            pytest.param("https://lambda-url.eu-west-1.on.aws/", id="no id"),
            pytest.param("https://abc.lambda-url.on.aws/", id="no region"),
            pytest.param("https://abc.lambda-url.eu-west-1.0n.aws/", id="a typo"),
            pytest.param("https://abc.lambda-url.eu-west-1.amazonaws.com/", id="another domain of AWS"),
            pytest.param("https://аbc.lambda-url.eu-west-1.on.aws/", id="a Cyrillic letter"),  # noqa: RUF001
            pytest.param(f"https://{URL}:8443/", id="another port"),
            pytest.param(f"https://{URL}/path", id="a path"),
            pytest.param(f"https://{URL}/?to=example.com", id="a query"),
            pytest.param("arn:aws:lambda:eu-west-1:200000000001:function:deployer-handler", id="an ARN"),
            pytest.param("", id="an empty string"),
        ],
    )
    def test_other_urls_are_refused(self, text: str) -> None:
        with pytest.raises(ConfigurationError, match="is not a function URL"):
            FunctionUrl.parse(text)

    @given(
        st.text(st.sampled_from("abz09.-/:@?#\\%\n \u0430\u212a"), max_size=6),
        st.integers(0, len(f"https://{URL}/")),
        st.integers(0, 8),
    )
    def test_every_accepted_url_is_a_host_of_lambda(self, inserted: str, position: int, removed: int) -> None:
        text = f"https://{URL}/"
        text = f"{text[:position]}{inserted}{text[position + removed :]}"
        try:
            url = FunctionUrl.parse(text)
        except ConfigurationError:
            return
        assert urlsplit(text.strip()).hostname == url.host
        assert re.fullmatch(rf"[a-z0-9]+\.lambda-url\.{url.region}\.on\.aws", url.host)
        assert url.text.isascii()

    def test_the_message_is_printable(self) -> None:
        with pytest.raises(ConfigurationError) as raised:
            FunctionUrl.parse("https://\x1b[2J.example.com/")
        assert raised.value.message.isprintable()


class TestRequests:
    def test_one_request_for_all_repositories_of_a_registry(self) -> None:
        handler = Handler()
        images = [image("api"), image("web"), image("api", ELSEWHERE)]
        assert handler.lane.answers(images).keys() == {each.repository_key for each in images}
        assert handler.bodies == [
            {"version": 1, "account": "300000000001", "region": "eu-west-1", "repositories": ["api", "web"]},
            {"version": 1, "account": "300000000001", "region": "us-east-1", "repositories": ["api"]},
        ]
        assert handler.fallbacks == []

    @given(
        st.lists(
            st.tuples(st.sampled_from([HOST, ELSEWHERE, FOREIGN]), st.integers(10, 80)),
            max_size=100,
        )
    )
    def test_every_repository_is_in_exactly_one_request(self, chosen: list[tuple[str, int]]) -> None:
        images = [image(f"repository-{number}", host) for host, number in chosen]
        made = list(batches(images))
        keys = [each.repository_key for batch in made for each in batch]
        assert sorted(keys) == sorted({each.repository_key for each in images})
        for batch in made:
            assert 1 <= len(batch) <= MAX_REPOSITORIES
            assert len({(each.registry.account, each.registry.region) for each in batch}) == 1

    def test_results_in_another_order(self) -> None:
        handler = Handler([answered(result("web", "exists"), result("api", "refused", rule="create.names"))])
        answers = handler.lane.answers([image("api"), image("web")])
        assert [answers[image(name).repository_key].outcome for name in ("api", "web")] == ["refused", "exists"]
        assert answers[image("api").repository_key].rule == "create.names"

    def test_text_in_a_response_is_made_printable(self) -> None:
        handler = Handler([answered(result("api", "refused", message="\x1b[2Jgone", rule="a\nb", next_step="\u202e"))])
        [answer] = handler.lane.answers([image("api")]).values()
        assert isinstance(answer, Answer)
        assert (answer.message + answer.rule + answer.next_step).isprintable()


HTML = Response(status=200, body=b"<html>Sign in to the network</html>")
FAILED = Response(status=502, body=b"Internal Server Error")
BROKEN = NoResponse(reason="the connection broke", is_repeatable=True)
UNREACHABLE = NoResponse(reason="it is not reachable within 3 s")


class TestFallback:
    @pytest.mark.parametrize(
        ("responses", "requests", "reason"),
        [
            pytest.param([UNREACHABLE], 1, "it is not reachable within 3 s", id="unreachable"),
            pytest.param([BROKEN, BROKEN], 2, "the connection broke", id="the connection is lost twice"),
            pytest.param([FAILED, FAILED], 2, "it answered 502", id="it fails twice"),
            pytest.param(
                [FAILED, UNREACHABLE], 2, "it is not reachable within 3 s", id="it fails, then is unreachable"
            ),
            pytest.param(
                [Response(status=403, body=b'{"Message":"Forbidden."}')],
                1,
                "it answered 403: Forbidden (`deployer ensure --policy` prints the permissions)",
                id="denied by IAM",
            ),
            pytest.param(
                [Response(status=403, body=b'{"message":"Signature expired: 20261128T2200Z is now earlier"}')],
                1,
                "it answered 403: Signature expired: 20261128T2200Z is now earlier (set the clock of this machine)",
                id="a clock that is slow",
            ),
            pytest.param(
                [Response(status=403, body=b'{"message":"Signature not yet current: 20261128T2300Z is still later"}')],
                1,
                "it answered 403: Signature not yet current: 20261128T2300Z is still later"
                " (set the clock of this machine)",
                id="a clock that is fast",
            ),
            pytest.param(
                [Response(status=403, body=b'{"message":"The security token included in the request is expired"}')],
                1,
                "it answered 403: The security token included in the request is expired (check the credentials)",
                id="expired credentials",
            ),
            pytest.param(
                [rejected(403, "outside-organization")],
                1,
                "it answered 403: No",
                id="a caller outside the organization",
            ),
            pytest.param([rejected(404, "no-such-path")], 1, "it answered 404: No", id="another function"),
            pytest.param([rejected(400, "unsupported-version")], 1, "it answered 400: No", id="another version"),
            pytest.param([rejected(429, "too-many-requests")], 1, "it answered 429: No", id="too many requests"),
            pytest.param([Response(status=429, body=b"")], 1, "it answered 429", id="throttled by Lambda"),
            pytest.param([Response(status=302, body=b"")], 1, "it answered 302", id="a redirect"),
            pytest.param([HTML], 1, "it did not return an answer of the handler", id="a sign-in page"),
            pytest.param([answered()], 1, "it did not return an answer of the handler", id="no results"),
            pytest.param(
                [answered(result("other"))],
                1,
                "it did not return an answer of the handler",
                id="a result for another repository",
            ),
            pytest.param(
                [answered(result("api"), result("other"))],
                1,
                "it did not return an answer of the handler",
                id="a result too many",
            ),
            pytest.param(
                [answered(result("api", "ignored"))],
                1,
                "it did not return an answer of the handler",
                id="an unknown outcome",
            ),
        ],
    )
    def test_a_failed_request_is_reported_once(
        self, responses: list[Response | NoResponse], requests: int, reason: str
    ) -> None:
        handler = Handler(list(responses))
        lane = handler.lane
        assert lane.answers([image("api"), image("web", ELSEWHERE)]) == {}
        assert lane.answers([image("api")]) == {}
        assert len(handler.bodies) == requests
        assert handler.fallbacks == [reason]
        assert len(handler.slept) == requests - 1

    @pytest.mark.parametrize("first", [FAILED, BROKEN], ids=["an error", "a lost connection"])
    def test_a_failed_request_is_repeated_once(self, first: Response | NoResponse) -> None:
        handler = Handler([first])
        assert len(handler.lane.answers([image("api")])) == 1
        assert handler.bodies[0] == handler.bodies[1]
        assert handler.fallbacks == []

    def test_a_failure_for_another_accounts_registry_concerns_only_that_account(self) -> None:
        handler = Handler([rejected(403, "other-account", "The caller is of account 300000000001.")])
        lane = handler.lane
        answers = lane.answers([image("api", FOREIGN), image("api")])
        assert answers.keys() == {image("api").repository_key}
        assert handler.fallbacks == ["it answered 403: The caller is of account 300000000001"]
        assert lane.answers([image("web", FOREIGN)]) == {}
        assert len(handler.bodies) == 2

    def test_work_that_was_not_started_is_left_to_the_event_lane(self) -> None:
        handler = Handler([answered(result("api", "failed", reason="not-handed-over"), result("web"))])
        lane = handler.lane
        assert lane.answers([image("api"), image("web")]).keys() == {image("web").repository_key}
        assert handler.fallbacks == ["It is"]
        assert len(lane.answers([image("api")])) == 1

    @given(st.integers(100, 599), st.binary(max_size=200))
    def test_no_response_causes_an_unexpected_error(self, status: int, body: bytes) -> None:
        handler = Handler([Response(status=status, body=body)] * 2)
        assert handler.lane.answers([image("api")]) == {}
        assert len(handler.fallbacks) == 1
        assert handler.fallbacks[0].isprintable()

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["version", "results", "error", "repository", "outcome", "Message", "code"]), inner
                )
            ),
            max_leaves=10,
        ),
        st.sampled_from([200, 403, 500]),
    )
    @example([{"outcome": []}], 200)
    def test_no_json_causes_an_unexpected_error(self, document: Any, status: int) -> None:
        body = json.dumps({"version": 1, "results": document} if status == 200 else document).encode()
        handler = Handler([Response(status=status, body=body)] * 2)
        images: Sequence[ImageReference] = [image("api")]
        assert handler.lane.answers(images) == {}
        assert len(handler.fallbacks) == 1
