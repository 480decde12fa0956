import { hearing, make } from '../../widget/dom.ts'
import { act } from '../parts/controls.ts'
import type { Room } from '../room.ts'
import type { FleetDevice } from '../shapes.ts'

/** Devices that can be chosen at once. */
const MOST = 500

/** Devices that are chosen in a list, over all that is looked for meanwhile. `onLabels`: they are to get labels. */
export const createChoice = (
  { words: { devices: said } }: Pick<Room, 'words'>,
  onLabels: (chosen: readonly FleetDevice[]) => void,
) => {
  const chosen = new Map<string, FleetDevice>()
  /** What is on the page now: a device is drawn again as things happen, its box stays. */
  const shown = new Map<string, { readonly input: HTMLInputElement; device: FleetDevice }>()
  const all = make('input', { type: 'checkbox', id: 'all' })
  const status = make('span', { class: 'status', role: 'status' })
  const clear = act(said.clear, () => {
    change([...chosen.values()], false)
    all.focus()
  })
  const labels = act(said.labels, () => onLabels([...chosen.values()]), 'main')

  const draw = (): void => {
    for (const [id, { input }] of shown) input.checked = chosen.has(id)
    const here = [...shown.keys()].filter((id) => chosen.has(id)).length
    all.checked = here > 0 && here === shown.size
    all.indeterminate = here > 0 && here < shown.size
    all.disabled = shown.size === 0
    status.textContent = chosen.size === MOST ? said.most(MOST) : said.chosen(chosen.size)
    for (const button of [clear, labels]) button.hidden = chosen.size === 0
  }

  const change = (devices: readonly FleetDevice[], isChosen: boolean): void => {
    for (const device of devices) {
      if (!isChosen) chosen.delete(device.id)
      else if (chosen.size < MOST) chosen.set(device.id, device)
    }
    draw()
  }

  /** The box of a device in its row. */
  const boxOf = (device: FleetDevice): HTMLElement => {
    const label = said.chooseOne(device.name)
    const input = shown.get(device.id)?.input ?? make('input', { type: 'checkbox' })
    if (!shown.has(device.id))
      hearing(input, {
        change: () => change([shown.get(device.id)?.device ?? device], input.checked),
      })
    input.setAttribute('aria-label', label)
    shown.set(device.id, { input, device })
    input.checked = chosen.has(device.id)
    return input
  }

  /** Another list is shown. */
  const begin = (): void => {
    shown.clear()
    draw()
  }

  hearing(all, {
    change: () =>
      change(
        [...shown.values()].map(({ device }) => device),
        all.checked,
      ),
  })
  const element = make(
    'div',
    { class: 'chosen' },
    make('label', { for: 'all' }, all, said.all),
    status,
    clear,
    labels,
  )
  draw()
  return { element, boxOf, begin, draw, focus: () => labels.focus() }
}

export type Choice = ReturnType<typeof createChoice>
