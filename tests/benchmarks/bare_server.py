"""A server of the SDK's own with one tool that returns a constant, behind our token check."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from mcp.server import MCPServer
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from infrastructure.clock import SystemClock
from infrastructure.identity import IdentityDirectory
from infrastructure.settings import load_settings
from mcp_interface.databases import engines
from mcp_interface.http import BearerTokens


class Constant(BaseModel):
    value: int


def main() -> None:
    port = int(sys.argv[1])
    server: MCPServer[object] = MCPServer("bare")

    @server.tool()
    async def constant() -> Constant:
        return Constant(value=42)

    engine, _ = engines(load_settings())
    server.streamable_http_app(json_response=True, stateless_http=True)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with server.session_manager.run():
            told = {"data": {"mcp": f"http://127.0.0.1:{port}/mcp"}}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            yield

    app = Starlette(
        routes=[Route("/mcp", StreamableHTTPASGIApp(server.session_manager))],
        middleware=[Middleware(BearerTokens, identities=IdentityDirectory(engine, SystemClock()))],
        lifespan=lifespan,
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False, ws="none")


if __name__ == "__main__":
    main()
