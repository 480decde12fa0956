import { hearing, make } from '../dom.ts'
import { type IconName, icon } from '../icons.ts'

/** A button that is not the main one. */
export const quiet = (
  text: string,
  part: string,
  act: () => void,
  drawing?: IconName,
): HTMLElement =>
  hearing(
    make(
      'button',
      { type: 'button', class: 'quiet wide', part },
      drawing === undefined ? undefined : icon(drawing),
      text,
    ),
    { click: act },
  )
