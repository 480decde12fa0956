import { draw } from './dom.ts'

/** Line drawings on a grid of 24, in the colour of the text around. */
const PATHS = {
  scan: [
    'M4 8V5.5A1.5 1.5 0 0 1 5.5 4H8M16 4h2.5A1.5 1.5 0 0 1 20 5.5V8M20 16v2.5a1.5 1.5 0 0 1-1.5 1.5H16M8 20H5.5A1.5 1.5 0 0 1 4 18.5V16',
    'M8 8h3v3H8zM13.5 8H16v2.5M8 13.5V16h2.5M13.5 13.5h.01M16 16h-2.5M16 13v.01',
  ],
  picture: [
    'M5.5 4.5h13a1.5 1.5 0 0 1 1.5 1.5v12a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18V6a1.5 1.5 0 0 1 1.5-1.5z',
    'M4.5 17l4.5-4.5 3.5 3.5 2.5-2.5 4.5 4M15.5 9h.01',
  ],
  shown: [
    'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z',
    'M12 9.25a2.75 2.75 0 1 1 0 5.5 2.75 2.75 0 0 1 0-5.5z',
  ],
  hidden: [
    'M9.9 5.75A9.6 9.6 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-2.4 3.15M6.3 7.2A15.6 15.6 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4-.95',
    'M4 4l16 16',
  ],
  bad: ['M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17z', 'M12 8v4.75M12 16h.01'],
  good: ['M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17z', 'M8.25 12.25l2.5 2.5 5-5.25'],
} as const

export type IconName = keyof typeof PATHS

const LINE = {
  fill: 'none',
  stroke: 'currentColor',
  'stroke-width': '1.75',
  'stroke-linecap': 'round',
  'stroke-linejoin': 'round',
}

/** A drawing beside a text that says the same: hidden from screen readers. */
export const icon = (name: IconName): SVGElement =>
  draw(
    'svg',
    { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', ...LINE },
    ...PATHS[name].map((d) => draw('path', { d })),
  )

/** The check mark of a finished claim: it draws itself, unless the reader prefers reduced motion. */
export const checkMark = (): SVGElement =>
  draw(
    'svg',
    { viewBox: '0 0 64 64', class: 'check', part: 'check', 'aria-hidden': 'true', ...LINE },
    draw('circle', { cx: '32', cy: '32', r: '29', pathLength: '1' }),
    draw('path', { d: 'M20 33.5l8.5 8.5L45 25', pathLength: '1' }),
  )
