"""`/docs`: the page on which the API is tried; all of its files are this server's own."""

import json

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

STATIC = "/static-offline-docs"
"""Path of the files of Swagger UI."""
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mynah</title>
<link rel="icon" href="{root}{static}/favicon.png">
<link rel="stylesheet" href="{root}{static}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{root}{static}/swagger-ui-bundle.js"></script>
<script>
// Swagger UI's player fetches the call's URL once more, by GET and without a key; it is given the
// audio that has been received.
const urls = new WeakMap();
const urlOf = (blob) => {{
  if (!urls.has(blob)) urls.set(blob, URL.createObjectURL(blob));
  return urls.get(blob);
}};
const playReceived = (system) => ({{
  wrapComponents: {{
    responseBody: (Body) => (props) => {{
      const isAudio = props.content instanceof Blob && /^audio\\//.test(props.contentType);
      const url = isAudio ? urlOf(props.content) : props.url;
      return system.React.createElement(Body, {{ ...props, url }});
    }},
  }},
}});
SwaggerUIBundle({{
  url: {openapi},
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
  plugins: [playReceived],
}});
</script>
</body>
</html>
"""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def get_docs(request: Request) -> HTMLResponse:
    """Get the page."""
    root = request.scope.get("root_path", "")
    openapi = json.dumps(f"{root}{request.app.openapi_url}").replace("<", "\\u003c")
    return HTMLResponse(_PAGE.format(root=root, static=STATIC, openapi=openapi))
