/** Where the demo tells its story: numbered steps, and who says what to whom. */
export type Stage = {
  /** Plays one step; what it throws is told, and counted. */
  readonly step: (title: string, play: () => Promise<void>) => Promise<void>
  readonly says: (from: string, to: string, words: string) => void
  /** How many steps did not happen. */
  readonly missed: () => number
}

/** A step did not go as the contract says. */
export class Missed extends Error {
  override readonly name = 'Missed'
}

/** Goes on only if so; `words` say what should have been. */
export function must(holds: boolean, words: string): asserts holds {
  if (!holds) throw new Missed(words)
}

const ESC = '\u001b['

/** A stage on a stream; in colour only on a terminal that has not asked for none. */
export const createStage = (out: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Stage => {
  const coloured = out.isTTY === true && env.NO_COLOR === undefined
  const paint = (code: number, words: string) =>
    coloured ? `${ESC}${code}m${words}${ESC}0m` : words
  let steps = 0
  let missed = 0
  return {
    async step(title, play) {
      steps += 1
      out.write(`\n${paint(1, `${steps}. ${title}`)}\n`)
      try {
        await play()
        out.write(`   ${paint(32, 'done')}\n`)
      } catch (error) {
        missed += 1
        const words = error instanceof Error ? error.message : String(error)
        out.write(`   ${paint(31, `did not happen: ${words}`)}\n`)
      }
    },
    says(from, to, words) {
      out.write(`   ${paint(36, from)} -> ${paint(36, to)}: ${words}\n`)
    },
    missed: () => missed,
  }
}
