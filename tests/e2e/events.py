"""Server-sent events."""

import json
import typing
from dataclasses import dataclass


@dataclass
class ServerSentEvent:
    event: str = ""
    id: int | None = None
    data: str = ""

    @property
    def json(self) -> dict:
        return json.loads(self.data)


def parse(lines: typing.Iterable[str]) -> typing.Iterator[ServerSentEvent]:
    """The events of a stream; comments (heartbeats) are left out."""
    event = ServerSentEvent()
    data: list[str] = []
    for line in lines:
        if not line:
            if data:
                event.data = "\n".join(data)
                yield event
            event, data = ServerSentEvent(), []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            event.event = value
        elif name == "id":
            event.id = int(value)
