"""Answers against the schemas that /openapi.json declares for them."""

import jsonschema


class OpenApi:
    def __init__(self, document: dict):
        self.document = document

    def operations(self):
        """(path, method, operation) of everything public."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                yield path, method.upper(), operation

    def operation(self, operation_id: str) -> dict:
        return next(o for _, _, o in self.operations() if o["operationId"] == operation_id)

    def check_answer(self, operation_id: str, body) -> None:
        responses = self.operation(operation_id)["responses"]
        success = next(r for status, r in responses.items() if status.startswith("2"))
        content = next(iter(success["content"].values()))
        self.check(content["schema"], body)

    def check_problem(self, body) -> None:
        self.check({"$ref": "#/components/schemas/Problem"}, body)

    def check(self, schema: dict, body) -> None:
        jsonschema.Draft202012Validator({**schema, "components": self.document["components"]}).validate(body)
