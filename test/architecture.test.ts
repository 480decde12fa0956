import { readdirSync, readFileSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from '@jest/globals'

const ROOT = resolve(import.meta.dirname, '..')
const ROOMS = ['shared', 'broker', 'gateway', 'firmware-sim', 'cli', 'client', 'bench', 'faults']

const filesUnder = (folder: string): string[] =>
  readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(join(ROOT, path)).isDirectory()) return filesUnder(path)
    return name.endsWith('.ts') ? [path] : []
  })

const SOURCES = [
  ...ROOMS.flatMap(filesUnder),
  ...readdirSync(ROOT).filter((name) => name.endsWith('.ts')),
]

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(['"]([^'"]+)['"]\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g

/** What a file imports: files of ours as paths from the root, packages by name. */
const importsOf = (file: string): string[] => {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(IMPORT)].map((match) => {
    const name = (match[1] ?? match[2] ?? match[3]) as string
    return name.startsWith('.')
      ? relative(ROOT, resolve(ROOT, dirname(file), name))
      : packageOf(name)
  })
}

const packageOf = (name: string) => {
  if (name.startsWith('node:') || builtinModules.includes(name))
    return name.startsWith('node:') ? name : `node:${name}`
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}

const GRAPH = new Map(SOURCES.map((file) => [file, importsOf(file)]))

type Rule = { readonly room: string; readonly never: readonly RegExp[] }

/** DESIGN 3: the room, and what it may not import. */
const RULES: readonly Rule[] = [
  {
    room: 'shared/model/',
    never: [/^node:/, /^(?!typebox$)[a-z@][\w@-]*$/, /^(?!shared\/model\/)shared\//],
  },
  {
    room: 'shared/claim/',
    never: [/^node:(net|tls|http|fs|dgram)/, /^(ioredis|lmdb|fastify|aedes|mqtt)/],
  },
  {
    room: 'shared/registry/',
    never: [/^node:(net|tls|http|fs|dgram)/, /^(ioredis|lmdb|fastify|aedes|mqtt)/],
  },
  // Drawn by a command and in browsers: nothing of either.
  {
    room: 'shared/labels/',
    never: [/^node:/, /^(?!shared\/labels\/)(shared|cli|gateway)\//, /^(?!uqr$)[a-z@][\w@-]*$/],
  },
  {
    room: 'shared/',
    never: [/^(broker|gateway|firmware-sim|bench|faults)\//, /^(main|cli|index)\.ts$/],
  },
  {
    room: 'broker/',
    never: [/^gateway\//, /^firmware-sim\//, /^(fastify|ioredis|lmdb)/, /^@fastify\//],
  },
  { room: 'gateway/', never: [/^broker\//, /^firmware-sim\//, /^(aedes|ioredis|lmdb|mqtt)/] },
  // A dialect tells what is to be described, not the other way round.
  { room: 'gateway/description/', never: [/^gateway\/dialects\//] },
  // What runs in browsers knows nothing of the server.
  ...['widget', 'page', 'letters'].map((room) => ({
    room: `gateway/web/${room}/`,
    never: [
      /^node:/,
      /^shared\//,
      /^gateway\/(?!web\/(widget|page|letters)\/)/,
      /^(?!qr$)[a-z@][\w@-]*$/,
    ],
  })),
  {
    room: 'gateway/web/console/',
    never: [
      /^node:/,
      /^shared\/(?!labels\/)/,
      /^gateway\/(?!web\/(widget|page|console)\/)/,
      /^(?!uqr$)[a-z@][\w@-]*$/,
    ],
  },
  // Runs in browsers and in Node and depends on nothing: what it knows of the server was written from its description.
  { room: 'client/', never: [/^(?!client\/)/] },
  // A campaign sees the program from outside; only the broken nodes are made of it.
  {
    room: 'faults/',
    never: [
      /^(broker|gateway|bench)\//,
      /^shared\/(?!(check|config|errors|log|store\/port)\.ts$)/,
      /^(aedes|fastify|ioredis|lmdb|mqtt)/,
    ],
  },
  // Commands are clients: what they know of the server is its API, and how files are read.
  {
    room: 'cli/',
    never: [
      /^(broker|gateway|firmware-sim|bench)\//,
      /^shared\/(?!imports\/(csv|ndjson|reader)\.ts$|audit\/chain\.ts$|labels\/)/,
      /^(aedes|fastify|ioredis|lmdb|mqtt)/,
    ],
  },
  {
    room: 'firmware-sim/',
    never: [/^(shared|broker|gateway|bench)\//, /^(aedes|fastify|ioredis|lmdb)/],
  },
]

test.each(RULES)('$room imports nothing that its room forbids', ({ room, never }) => {
  const wrong = [...GRAPH]
    .filter(([file]) => file.startsWith(room))
    .flatMap(([file, imports]) =>
      imports
        .filter((name) => never.some((rule) => rule.test(name)))
        .map((name) => `${file} -> ${name}`),
    )
  expect(wrong).toEqual([])
})

test('only the embedded store knows lmdb, only the redis store ioredis, only its carrier nodemailer', () => {
  const users = (name: string) =>
    [...GRAPH].filter(([, i]) => i.includes(name)).map(([file]) => file)
  expect(users('lmdb').filter((file) => !file.startsWith('shared/store/embedded/'))).toEqual([])
  expect(users('ioredis').filter((file) => !file.startsWith('shared/store/redis/'))).toEqual([])
  expect(users('nodemailer')).toEqual(['shared/mail/carriers/smtp.ts'])
})

test('a dialect never imports another dialect', () => {
  const dialectOf = (path: string) => /^(?:broker|gateway)\/dialects\/([a-z]+)/.exec(path)?.[1]
  const wrong = [...GRAPH].flatMap(([file, imports]) =>
    imports
      .filter((name) => dialectOf(file) && dialectOf(name) && dialectOf(file) !== dialectOf(name))
      .map((name) => `${file} -> ${name}`),
  )
  expect(wrong).toEqual([])
})

test('only main.ts, cli.ts and index.ts know both edges', () => {
  const knows = (imports: readonly string[], room: string) =>
    imports.some((i) => i.startsWith(room))
  const both = [...GRAPH]
    .filter(
      ([file, i]) => !file.startsWith('bench/') && knows(i, 'broker/') && knows(i, 'gateway/'),
    )
    .map(([file]) => file)
  expect(both.filter((file) => !['main.ts', 'index.ts'].includes(file))).toEqual([])
})

test('imports have no cycles', () => {
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
    if (path.includes(file) || done.has(file)) return
    for (const next of GRAPH.get(file) ?? []) if (GRAPH.has(next)) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of GRAPH.keys()) visit(file, [])
  expect(cycles).toEqual([])
})

test('the walk sees the imports it judges', () => {
  expect(GRAPH.get('broker/listen.ts')).toContain('aedes')
  expect(GRAPH.get('main.ts')).toContain('shared/claim/engine.ts')
})
