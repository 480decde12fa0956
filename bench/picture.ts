import type { Rows } from './benchmark.ts'

const WIDTH = 760
const LABEL = 300
const LINE = 28
const TOP = 12
const NUMBERS = 90

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const STYLE =
  'text{font:13px system-ui,sans-serif;fill:#54625e}.bar{fill:#0b6b5c}.floor{fill:#9fb4ad}.range{stroke:#a3241c;stroke-width:1.5}' +
  '@media(prefers-color-scheme:dark){text{fill:#a3b1ac}.bar{fill:#4fb8a2}.floor{fill:#55675f}.range{stroke:#ffb1a6}}'

/** Bars of CPU time with the range of the rounds, as SVG; grey is what others need. */
export const picture = (about: string, rows: Rows): string => {
  const entries = Object.entries(rows)
  const most = Math.max(...entries.map(([, { cpuUs, range }]) => range?.[1] ?? cpuUs))
  const scale = (us: number) => (us / most) * (WIDTH - LABEL - NUMBERS)
  const height = TOP * 2 + entries.length * LINE
  const bars = entries.map(([name, { cpuUs, range }], place) => {
    const y = TOP + place * LINE
    const middle = y + LINE / 2
    const kind = name.startsWith('bare') || name === 'Mosquitto' ? 'floor' : 'bar'
    const [least, last] = (range ?? [cpuUs, cpuUs]).map((us) => (LABEL + scale(us)).toFixed(1))
    return [
      `<text x="${LABEL - 8}" y="${middle + 4}" text-anchor="end">${escaped(name)}</text>`,
      `<rect class="${kind}" x="${LABEL}" y="${y + 5}" width="${scale(cpuUs).toFixed(1)}" height="${LINE - 10}" rx="3"/>`,
      `<path class="range" d="M${least} ${middle}H${last}"/>`,
      `<text x="${(LABEL + scale(range?.[1] ?? cpuUs) + 8).toFixed(1)}" y="${middle + 4}">${cpuUs.toFixed(1)} µs</text>`,
    ].join('')
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(about)}"><style>${STYLE}</style>${bars.join('')}</svg>\n`
}
