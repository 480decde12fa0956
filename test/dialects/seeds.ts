/** One example of the documents: what they send, and what they say comes back. */
export type Example = {
  readonly name: string
  /** As printed, with `{{…}}` where something of one's own has to stand. */
  readonly command: string
  readonly reply: string
}

/** https://developers.thethings.io, "How to Link a Thing": every curl, and every reply, word for word. */
export const THETHINGS = {
  linkByToken: {
    name: 'link a thing from an app with the thingToken',
    command: `curl -i -H "Accept: application/json" \\
  -H "Content-Type: application/json" \\
  -H "Authorization: {{SESSION TOKEN}}" \\
  -d '{"thingToken": "{{thingToken}}"}' \\
  -X POST "https://api.thethings.io/v2/me/things" -k`,
    reply: `{
  "status": "success",
  "message": "linked",
  "thingId": "01234_567890-0abcde_fghi-jklm_nopqrs-tuvxyz"
}`,
  },
  appWaits: {
    name: 'the app, if the thing has not done its call',
    command: `curl -i -H "Accept: application/json" \\
  -H "Content-Type: application/json" \\
  -H "Authorization: { {SESSION TOKEN} }" \\
  -d '{"linkId": "{ {serial} }"}' \\
  -X POST "https://api.thethings.io/v2/me/things/link-id" -k`,
    reply: `{
  "status": "success",
  "message": "waiting for thing"
}`,
  },
  appLinks: {
    name: 'the app, if the thing has done its call',
    command: `curl -i -H "Accept: application/json" \\
  -H "Content-Type: application/json" \\
  -H "Authorization: { {SESSION TOKEN} }" \\
  -d '{"linkId": "{ {serial} }"}' \\
  -X POST "https://api.thethings.io/v2/me/things/link-id" -k`,
    reply: `{
  "status": "success",
  "message": "linked",
  "thingId": "01234_567890-0abcde_fghi-jklm_nopqrs-tuvxyz"
}`,
  },
  thingWaits: {
    name: 'the thing, if the app has not done its call',
    command: `curl -i -H "Accept: application/json" \\
  -H "Content-Type: application/json" \\
  -d '{"linkId": "{ {serial} }"}' \\
  -X POST "https://api.thethings.io/v2/things/{ {thingToken} }/link-id" -k`,
    reply: `{
  "status": "success",
  "message": "waiting for app"
}`,
  },
  thingLinks: {
    name: 'the thing, if the app has done its call',
    command: `curl -i -H "Accept: application/json" \\
  -H "Content-Type: application/json" \\
  -d '{"linkId": "{ {serial} }"}' \\
  -X POST "https://api.thethings.io/v2/things/{ {thingToken} }/link-id" -k`,
    reply: `{
  "status": "success",
  "message": "linked",
  "thingId": "01234_567890-0abcde_fghi-jklm_nopqrs-tuvxyz"
}`,
  },
  unlink: {
    name: 'unlink a thing from an app with the thingId',
    command: `curl -i -H "Accept: application/json" \\
  -H "Content-Type: application/json" \\
  -H "Authorization: { {SESSION TOKEN} }" \\
  -X DELETE "https://api.thethings.io/v2/me/things/{ { thingId } }" -k`,
    reply: `{
  "status": "success",
  "message": "unlinked",
  "thingId": "01234_567890-0abcde_fghi-jklm_nopqrs-tuvxyz"
}`,
  },
} as const satisfies Record<string, Example>

/** http://thingful.github.io/api-docs/authorization.html: the example of `POST /login`, word for word. */
export const THINGFUL: Example = {
  name: 'login',
  command: `POST /login HTTP/1.1
Host: api.thingful.net

{
  "username": "string",
  "password": "string"
}`,
  reply: `HTTP/1.1 200 OK
Access-Control-Allow-Origin: *
Content-Type: application/vnd.api+json

{
  "data": {
    "type": "token",
    "id": "ccda8077356870dcb208c",
    "attributes": {
      "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM...",
      "issued_at": "2016-02-29T21:14:54Z",
      "expires_at": "2016-04-04T15:34:54Z",
      "principal": true,
      "private": false
    }
  }
}`,
}
