"""Prompts and resources: for whoever may read, and with errors worded as those of tools.

A resource is what a tool of ours tells, as JSON: nobody reads by its address what the tool would
keep from them.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcp import MCPError
from mcp.server import MCPServer
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context as McpContext
from mcp.shared.uri_template import UriTemplate
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    CallToolResult,
    GetPromptResult,
    InputRequiredResult,
    Prompt,
    Resource,
    ResourceTemplate,
    TextContent,
)
from pydantic import AnyUrl

from domain.errors import InvalidArgument, Refusal
from mcp_interface.caller import IdentityOf, require_scope
from mcp_interface.tools.results import one_line

JSON: Final = "application/json"
_CODES: Final = {
    "INVALID_ARGUMENT": INVALID_PARAMS,
    "ORDER_NOT_FOUND": INVALID_PARAMS,
    "SCOPE_MISSING": INVALID_REQUEST,
}


@dataclass(frozen=True, kw_only=True)
class Page:
    """A resource. `uri` may hold names in braces, which the reader fills in; `arguments` makes of
    them what the tool is called with."""

    uri: str
    name: str
    title: str
    description: str
    tool: str
    arguments: Callable[[Mapping[str, str]], dict[str, Any]] = dict
    """Any: as the tool takes them."""

    @property
    def is_template(self) -> bool:
        return "{" in self.uri


class ReadingServer(MCPServer[Any]):
    """`MCPServer` with prompts and resources of ours.

    Any: the SDK is generic over a lifespan result that we do not use.
    """

    _identity_of: IdentityOf
    _pages: tuple[Page, ...] = ()

    def add_pages(self, *pages: Page) -> None:
        """The first one that an address fits is read."""
        self._pages += pages

    async def list_resources(self) -> list[Resource]:
        return [
            Resource(
                uri=each.uri,
                name=each.name,
                title=each.title,
                description=each.description,
                mime_type=JSON,
            )
            for each in self._pages
            if self._may_read() and not each.is_template
        ]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        return [
            ResourceTemplate(
                uri_template=each.uri,
                name=each.name,
                title=each.title,
                description=each.description,
                mime_type=JSON,
            )
            for each in self._pages
            if self._may_read() and each.is_template
        ]

    async def read_resource(
        self, uri: AnyUrl | str, context: McpContext[Any, Any] | None = None
    ) -> Iterable[ReadResourceContents]:
        """What the page's tool tells this caller.

        Raises:
            MCPError: there is no such page, or the tool refuses.
        """
        self._check_reading()
        for page in self._pages:
            found = UriTemplate.parse(page.uri).match(str(uri))
            if found is not None:
                names = {name: value for name, value in found.items() if isinstance(value, str)}
                return [await self._read(page, names, context)]
        known = ", ".join(page.uri for page in self._pages)
        raise _error(InvalidArgument(f"There is no such resource. Next: read one of {known}."))

    async def _read(
        self, page: Page, names: Mapping[str, str], context: McpContext[Any, Any] | None
    ) -> ReadResourceContents:
        answer = await self.call_tool(page.tool, page.arguments(names), context)
        assert isinstance(answer, CallToolResult), "a tool that reads asks nothing"
        if answer.is_error:
            text = " ".join(each.text for each in answer.content if isinstance(each, TextContent))
            raise MCPError(code=_code(text.partition(":")[0]), message=text)
        return ReadResourceContents(
            content=json.dumps(answer.structured_content, ensure_ascii=False),
            mime_type=JSON,
            meta=answer.meta,
        )

    async def list_prompts(self) -> list[Prompt]:
        return await super().list_prompts() if self._may_read() else []

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: McpContext[Any, Any] | None = None,
    ) -> GetPromptResult | InputRequiredResult:
        """The prompt's words.

        Raises:
            MCPError: there is no such prompt, or it does not take these arguments.
        """
        self._check_reading()
        prompt = self._prompt_manager.get_prompt(name)
        try:
            if prompt is None:
                known = ", ".join(each.name for each in self._prompt_manager.list_prompts())
                raise InvalidArgument(f"There is no such prompt. Next: choose one of {known}.")
            takes = {each.name for each in prompt.arguments or ()}
            if not takes.issuperset(arguments or {}):
                known = ", ".join(sorted(takes)) or "no arguments"
                raise InvalidArgument(f"{name} does not know all of these. Next: it takes {known}.")
            return await super().get_prompt(name, arguments, context)
        except Refusal as refusal:
            raise _error(refusal) from None
        except ValueError as error:  # so the SDK wraps what a prompt raises, twice
            raised = getattr(error.__cause__, "__cause__", None)
            if isinstance(raised, Refusal):
                raise _error(raised) from None
            raise

    def _may_read(self) -> bool:
        return "read" in self._identity_of().scopes

    def _check_reading(self) -> None:
        try:
            require_scope(self._identity_of(), "read")
        except Refusal as refusal:
            raise _error(refusal) from None


def _error(refusal: Refusal) -> MCPError:
    return MCPError(code=_code(refusal.code), message=f"{refusal.code}: {one_line(str(refusal))}")


def _code(refusal: str) -> int:
    return _CODES.get(refusal, INTERNAL_ERROR)
