/** A request as a client put it on the wire. `{{…}}` is filled in, and Content-Length with it. */
export type Recording = { readonly source: string; readonly head: string; readonly body: string }

const AXIOS = 'User-Agent: axios/1.12.2\r\nAccept-Encoding: gzip, compress, deflate, br'
const ACCEPT = 'Accept: application/json, text/plain, */*'
const BOUNDARY = 'axios-1.12.2-boundary-gspOZ0zmZ0MkEogVVB4w5XUaY'

const part = (name: string, value: string) =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`

/** `@moderepo/mode-apis` 0.3.17 of moderepo/react-common-public at 96a00a6, on axios 1.12.2 and Node 20, unmodified. */
const APPAPI = 'moderepo/react-common-public@96a00a6'

export const REGISTER: Recording = {
  source: APPAPI,
  head: `POST /users HTTP/1.1\r\n${ACCEPT}\r\nContent-Type: application/json\r\n${AXIOS}`,
  body: '{"projectId":{{project}},"name":"Ada","email":"{{email}}","password":"{{password}}"}',
}

export const SIGN_IN: Recording = {
  source: APPAPI,
  head: `POST /auth/user HTTP/1.1\r\n${ACCEPT}\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\n${AXIOS}`,
  body: `${part('projectId', '{{project}}')}${part('appId', 'controller_app')}${part('email', '{{email}}')}${part('password', '{{password}}')}--${BOUNDARY}--\r\n`,
}

export const SIGN_OUT: Recording = {
  source: APPAPI,
  head: `DELETE /userSession HTTP/1.1\r\n${ACCEPT}\r\nContent-Type: application/json\r\nAuthorization: ModeCloud {{key}}\r\n${AXIOS}`,
  body: '{}',
}

export const HOMES: Recording = {
  source: APPAPI,
  head: `GET /homes?userId={{user}} HTTP/1.1\r\n${ACCEPT}\r\nAuthorization: ModeCloud {{key}}\r\n${AXIOS}`,
  body: '',
}

/** As `ModeAPI.ts` of moderepo/sensor-cloud-eval at e7a8af4 builds it (`postForm`), in a browser. */
export const SIGN_IN_FORM: Recording = {
  source: 'moderepo/sensor-cloud-eval@e7a8af4',
  head: `POST /auth/user HTTP/1.1\r\n${ACCEPT}\r\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nOrigin: http://localhost:3000`,
  body: 'projectId={{project}}&appId=sensor_cloud_eval&email={{encodedEmail}}&password={{password}}',
}

/** Third-party apps that encode nothing: research/mode_thethings_thingful.md 1.9. */
export const SIGN_IN_BARE: Recording = {
  source: 'third-party Swift apps',
  head: 'POST /auth/user HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded',
  body: 'projectId={{project}}&appId=controller_app&email={{email}}&password={{password}}',
}
