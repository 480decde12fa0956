import { fitsCode } from '../../../../shared/labels/code.ts'
import { linkOf } from '../../../../shared/labels/content.ts'
import { make } from '../../widget/dom.ts'
import type { Answer } from '../api.ts'
import { act, field } from '../parts/controls.ts'
import { askForm, confirmed } from '../parts/dialog.ts'
import { failureView } from '../parts/said.ts'
import { showOnce } from '../parts/secret.ts'
import { projectOnLabels, type Room } from '../room.ts'
import type { FleetDevice } from '../shapes.ts'
import { ownerText } from './devices.ts'

const DAY_MS = 86_400_000
const MOST_DAYS = 3650

/** What a maker can do with a device. `onDone`: something about it is different now. */
export const actsView = (room: Room, onDone: () => void) => {
  const { api, words } = room
  const { acts: said } = words
  const place = make('div', { class: 'acts' })
  const trouble = make('div', { class: 'place' })
  const pathOf = ({ id }: FleetDevice) => `/devices/${encodeURIComponent(id)}`

  const settle = (answer: Answer<unknown>, done: string | undefined): boolean => {
    if (room.signal.aborted) return false
    trouble.replaceChildren(...(answer.ok ? [] : [failureView(room, answer.failure)]))
    if (answer.ok) {
      if (done !== undefined) room.tell(done)
      onDone()
    }
    return answer.ok
  }

  const rename = (device: FleetDevice): void => {
    const name = field({
      id: 'new-name',
      label: said.newName,
      value: device.name,
      isRequired: true,
    })
    askForm(room, {
      title: said.rename,
      text: said.renameText,
      action: said.rename,
      fields: [name.element],
      submit: async () => {
        const wanted = name.input.value.trim()
        name.fault(wanted === '' ? said.nameMissing : undefined)
        if (wanted === '') return false
        const answer = await api.patch(pathOf(device), { name: wanted })
        if (!answer.ok && answer.failure.kind === 'refused' && answer.failure.status === 409) {
          name.fault(said.nameTaken)
          return false
        }
        settle(answer, said.done.rename)
        return true
      },
    })
  }

  const newKey = (device: FleetDevice): void => {
    const days = field({ id: 'days', label: said.days, value: '365', isRequired: true })
    days.input.setAttribute('inputmode', 'numeric')
    askForm(room, {
      title: said.boxKey,
      text: said.boxKeyText,
      action: said.makeKey,
      fields: [days.element],
      submit: async () => {
        const count = Number(days.input.value)
        const isGood = Number.isInteger(count) && count >= 1 && count <= MOST_DAYS
        days.fault(isGood ? undefined : `1–${MOST_DAYS}`)
        if (!isGood) return false
        const expiresAt = new Date(Date.now() + count * DAY_MS).toISOString()
        const answer = await api.put<{ secret: string }>(`${pathOf(device)}/box-key`, { expiresAt })
        if (settle(answer, undefined) && answer.ok) {
          const { secret } = answer.body
          const { name } = device
          const options = { url: room.publicUrl, project: projectOnLabels(room) }
          const url = linkOf({ name, secret }, options)
          const label = { title: said.label, text: said.labelText, of: name, url }
          const shown = [{ name: words.device.boxKey, text: secret }]
          showOnce(room, said.keyTitle, shown, fitsCode(url) ? label : undefined)
        }
        return true
      },
    })
  }

  const release = async (device: FleetDevice): Promise<void> => {
    const question = {
      title: said.releaseTitle(device.name),
      text: said.releaseText(ownerText(device) ?? ''),
      action: said.release,
    }
    if (await confirmed(room, question))
      settle(await api.remove(`${pathOf(device)}/owner`), said.done.release)
  }

  const newCredential = async (device: FleetDevice): Promise<void> => {
    const question = {
      title: said.credentialTitle(device.name),
      text: said.credentialText,
      action: said.credentialMake,
    }
    if (!(await confirmed(room, question))) return
    const answer = await api.post<{ token: string }>(`${pathOf(device)}/credential`)
    if (settle(answer, undefined) && answer.ok)
      showOnce(room, said.credentialShown, [{ name: 'token', text: answer.body.token }])
  }

  const dropCertificate = async (device: FleetDevice): Promise<void> => {
    const question = {
      title: said.certificateTitle(device.name),
      text: said.certificateText,
      action: said.certificate,
    }
    if (await confirmed(room, question))
      settle(await api.remove(`${pathOf(device)}/certificate`), said.done.certificate)
  }

  /** Which acts there are depends on how it stands with the device; the focus stays where it was. */
  const draw = (device: FleetDevice): void => {
    const had = document.activeElement?.getAttribute('data-act')
    const buttons = [
      ['rename', act(said.rename, () => rename(device))],
      ['box-key', act(said.boxKey, () => newKey(device))],
      ...(device.claimed
        ? [['release', act(said.release, () => void release(device), 'quiet risky')] as const]
        : []),
      ...(device.certificate
        ? [
            [
              'certificate',
              act(said.certificate, () => void dropCertificate(device), 'quiet risky'),
            ] as const,
          ]
        : []),
      ['credential', act(said.credential, () => void newCredential(device), 'quiet risky')],
    ] as const
    for (const [name, button] of buttons) button.setAttribute('data-act', name)
    place.replaceChildren(...buttons.map(([, button]) => button))
    const again = buttons.find(([name]) => name === had)
    if (again !== undefined) again[1].focus()
  }

  const element = make(
    'section',
    { class: 'card', 'aria-labelledby': 'acts' },
    make('h2', { id: 'acts' }, said.title),
    place,
    trouble,
  )
  return { element, draw }
}
