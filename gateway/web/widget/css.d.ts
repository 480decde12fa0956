/** A style sheet as text: `scripts/bundle-web.mjs` puts it, with what it imports, into the bundle. */
declare module '*.css' {
  const text: string
  export default text
}
