"""The policies of deploy/ec2: they allow each call that the code can make, and nothing beside."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from celeb_ops.core.settings import PROJECT
from celeb_ops.core.store import S3Store
from tests.core.store.verbs import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

EC2 = PROJECT / "deploy" / "ec2"
PREFIX = "press"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:celebs"

# Which permission S3 asks for at an operation (service authorization reference).
PERMISSIONS = {
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
}

Policy = dict[str, Any]


def filled(name: str, bucket: str = "bucket", prefix: str = PREFIX) -> Policy:
    text = (EC2 / name).read_text(encoding="utf-8")
    for placeholder, value in {"BUCKET": bucket, "PREFIX": prefix, "TOPIC_ARN": TOPIC}.items():
        text = text.replace(placeholder, value)
    policy: Policy = json.loads(text)
    return policy


def listed(one: str | list[str]) -> list[str]:
    return [one] if isinstance(one, str) else one


def actions(policy: Policy) -> set[str]:
    return {action for statement in policy["Statement"] for action in listed(statement["Action"])}


def allows(policy: Policy, action: str, resource: str, prefix: str | None = None) -> bool:
    """As IAM decides, of policies like ours: allow statements, with no condition but the one on a list's prefix."""
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        condition = statement.get("Condition", {"StringLike": {"s3:prefix": "*"}})
        assert list(condition) == ["StringLike"]
        assert list(condition["StringLike"]) == ["s3:prefix"]
        if (
            action in listed(statement["Action"])
            and any(fnmatchcase(resource, one) for one in listed(statement["Resource"]))
            and fnmatchcase(prefix or "", condition["StringLike"]["s3:prefix"])
        ):
            return True
    return False


@pytest.fixture
def asked(s3_client: S3Client) -> Iterator[list[tuple[str, str, str | None]]]:
    """What is asked of S3 meanwhile: permission, resource, and a list's prefix."""
    found = []

    def note(params: dict[str, Any], model: Any, **_: object) -> None:
        assert model.name in PERMISSIONS, f"{model.name} is new: say above which permission it needs"
        key = params.get("Key")
        resource = f"arn:aws:s3:::{params['Bucket']}" + (f"/{key}" if key else "")
        found.append((PERMISSIONS[model.name], resource, params.get("Prefix")))

    s3_client.meta.events.register("provide-client-params.s3", note)
    yield found
    s3_client.meta.events.unregister("provide-client-params.s3", note)


def all_verbs(store: S3Store) -> None:
    """Each call of S3 that the store has."""
    store.write("Celebs.csv", b"0")
    for verb in VERBS.values():
        verb(store, "Celebs.csv")
    store.may_list()


def test_the_policy_allows_what_the_store_asks_for_and_nothing_else(
    s3_client: S3Client, bucket: str, asked: list[tuple[str, str, str | None]]
) -> None:
    all_verbs(S3Store(s3_client, bucket, PREFIX))
    policy = filled("policy.json", bucket)
    refused = [one for one in asked if not allows(policy, *one)]
    assert refused == []
    assert {action for action, _, _ in asked} | {"rekognition:RecognizeCelebrities"} == actions(policy)


@pytest.mark.parametrize("prefix", ["", "pressing", "other/press"])
def test_nothing_of_another_prefix_is_allowed(
    s3_client: S3Client, bucket: str, asked: list[tuple[str, str, str | None]], prefix: str
) -> None:
    all_verbs(S3Store(s3_client, bucket, prefix))
    policy = filled("policy.json", bucket)
    assert asked
    assert [one for one in asked if allows(policy, *one)] == []


class _Template(yaml.SafeLoader):
    """CloudFormation's short forms, as the long ones."""


def _long_form(loader: _Template, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    else:
        assert isinstance(node, yaml.SequenceNode)
        value = loader.construct_sequence(node, deep=True)
    return {tag if tag == "Ref" else f"Fn::{tag}": value}


_Template.add_multi_constructor("!", _long_form)


def resources() -> dict[str, Any]:
    # It is a SafeLoader.
    stack = yaml.load((EC2 / "stack.yaml").read_text(encoding="utf-8"), Loader=_Template)
    return {name: resource["Properties"] for name, resource in stack["Resources"].items()}


def plain(value: Any) -> Any:
    """Of a template: with the names of the policies' placeholders for the parameters."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::Sub"}:
        names = {"AWS::Partition": "aws", "Bucket": "BUCKET", "Prefix": "PREFIX"}
        return re.sub(r"\$\{([^}]+)\}", lambda found: names[found[1]], value["Fn::Sub"])
    if value == {"Ref": "TopicArn"}:
        return "TOPIC_ARN"
    return {key: plain(one) for key, one in value.items()}


class TestStack:
    def test_its_policies_are_those_of_the_json_files(self) -> None:
        policies = resources()["Role"]["Policies"]
        assert plain(policies[0]["PolicyDocument"]) == json.loads((EC2 / "policy.json").read_text(encoding="utf-8"))
        condition, topic, otherwise = policies[2]["Fn::If"]
        assert plain(topic["PolicyDocument"]) == json.loads((EC2 / "policy-sns.json").read_text(encoding="utf-8"))
        assert (condition, otherwise) == ("TellsTopic", {"Ref": "AWS::NoValue"})

    def test_credentials_need_a_token_and_reach_a_container(self) -> None:
        options = resources()["LaunchTemplate"]["LaunchTemplateData"]["MetadataOptions"]
        assert options == {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}

    def test_nobody_comes_in_unless_ssh_is_asked_for(self) -> None:
        condition, ways_in, otherwise = resources()["SecurityGroup"]["SecurityGroupIngress"]["Fn::If"]
        assert [(one["FromPort"], one["ToPort"]) for one in ways_in] == [(22, 22)]
        assert (condition, otherwise) == ("OpensSsh", {"Ref": "AWS::NoValue"})


class TestLinter:
    """cfn-lint knows IAM's actions, its condition operators, and which resource an action goes with."""

    @staticmethod
    def said_of(template: str) -> list[str]:
        # It takes a second or two to load.
        from cfnlint.api import ManualArgs, lint

        return [match.message for match in lint(template, config=ManualArgs(include_checks=["I"]))]

    @staticmethod
    def around(policy: Policy) -> str:
        """The linter reads policies in templates."""
        managed = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy}}
        return json.dumps({"Resources": {"Policy": managed}})

    def test_the_stack_is_fine(self) -> None:
        assert self.said_of((EC2 / "stack.yaml").read_text(encoding="utf-8")) == []

    @pytest.mark.parametrize("name", ["policy.json", "policy-sns.json"])
    def test_the_policies_are_fine(self, name: str) -> None:
        assert self.said_of(self.around(filled(name))) == []
