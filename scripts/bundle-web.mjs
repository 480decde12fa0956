import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const WEB = join(ROOT, 'gateway/web')
const ASSETS = join(ROOT, 'dist/gateway/web/assets')

const SHARED = { bundle: true, minify: true, write: false, target: 'es2022', logLevel: 'warning' }

/** A style sheet that a script imports is bundled as text: the element adopts it. */
const cssAsText = {
  name: 'css-as-text',
  setup: (bundler) => {
    bundler.onResolve({ filter: /\.css$/ }, ({ kind, path, resolveDir }) =>
      kind === 'import-statement'
        ? { path: join(resolveDir, path), namespace: 'css-text' }
        : undefined,
    )
    bundler.onLoad({ filter: /.*/, namespace: 'css-text' }, async ({ path }) => {
      const { outputFiles } = await build({ ...SHARED, entryPoints: [path] })
      return { contents: outputFiles[0].text, loader: 'text' }
    })
  },
}

const bundled = async (entry) => {
  const options = { ...SHARED, format: 'esm', legalComments: 'eof', plugins: [cssAsText] }
  const { outputFiles } = await build({ ...options, entryPoints: [join(WEB, entry)] })
  return outputFiles[0].contents
}

/** A script that loads parts of itself when they are needed: its files by their names, what both share among them. */
const bundledInParts = async (entry, name) => {
  const { outputFiles } = await build({
    ...{ ...SHARED, format: 'esm', legalComments: 'eof', splitting: true, outdir: ASSETS },
    entryPoints: { [name]: join(WEB, entry) },
    chunkNames: `${name}-[name]`,
  })
  return outputFiles.map(({ path, contents }) => [basename(path), contents])
}

/** Written beside and renamed: whoever reads it meanwhile reads the whole of it. */
const put = async (name, contents) => {
  const beside = join(ASSETS, `.${name}.${process.pid}`)
  await writeFile(beside, contents)
  await rename(beside, join(ASSETS, name))
}

/** Puts the files that browsers get into `dist/gateway/web/assets`. Jest calls it once, before the first test. */
const bundle = async () => {
  await mkdir(ASSETS, { recursive: true })
  await Promise.all([
    bundled('widget/index.ts').then((script) => put('widget.js', script)),
    bundled('page/claim.ts').then((script) => put('claim.js', script)),
    bundled('page/claim.css').then((sheet) => put('claim.css', sheet)),
    readFile(join(WEB, 'page/claim.html')).then((page) => put('claim.html', page)),
    bundledInParts('console/index.ts', 'console').then((parts) =>
      Promise.all(parts.map(([name, script]) => put(name, script))),
    ),
    bundled('console/console.css').then((sheet) => put('console.css', sheet)),
    readFile(join(WEB, 'console/console.html')).then((page) => put('console.html', page)),
    bundled('letters/letters.ts').then((script) => put('letters.js', script)),
    bundled('letters/letters.css').then((sheet) => put('letters.css', sheet)),
    readFile(join(WEB, 'letters/letters.html')).then((page) => put('letters.html', page)),
    bundled('page/docs.ts').then((script) => put('docs.js', script)),
    bundled('page/docs.css').then((sheet) => put('docs.css', sheet)),
    readFile(join(WEB, 'page/docs.html')).then((page) => put('docs.html', page)),
  ])
}

export default bundle

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle()
