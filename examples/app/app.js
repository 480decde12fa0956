import { createClient } from 'latchkey/client'

const { server } = await (await fetch('/server.json')).json()
const latchkey = createClient({ server })

const at = (id) => document.getElementById(id)
/** Texts only: what devices and people write never becomes markup. */
const make = (name, text, ...inside) => {
  const element = document.createElement(name)
  element.append(text, ...inside)
  return element
}
const say = (text) => at('said').replaceChildren(text)

/** A refusal is a value: it is said, and nothing else happens. */
const wentWell = (result) => {
  if (!result.ok) say(result.problem.detail ?? result.problem.title)
  return result.ok
}

/** What a person may know of it, and what to do next. */
const explain = async ({ claim, problem }) => {
  const why = claim && (await latchkey.explainClaim({ id: claim }))
  say((why?.ok && why.value.nextStep) || problem.detail)
}

const lampOf = ({ id, name }) => {
  const button = (text, act) => {
    const element = make('button', text)
    element.onclick = act
    return element
  }
  const switchTo = (isOn) => async () =>
    wentWell(await latchkey.giveCommand({ id, action: 'switch', parameters: { isOn } }))
  const release = async () => wentWell(await latchkey.releaseDevice({ id })) && showLamps()
  return make(
    'li',
    name,
    button('On', switchTo(true)),
    button('Off', switchTo(false)),
    button('Release', release),
  )
}

const showLamps = async () => {
  const lamps = await latchkey.listDevices()
  if (wentWell(lamps)) at('lamps').replaceChildren(...lamps.value.items.map(lampOf))
}

/** It goes on by itself when the network comes back, behind the last event. Only a session that is over ends it. */
const listen = async () => {
  for await (const { type, time, data } of latchkey.events({ onOpen: showLamps })) {
    at('events').prepend(make('li', `${time} ${type} ${JSON.stringify(data.eventData ?? {})}`))
    if (type === 'latchkey.device.claimed' || type === 'latchkey.device.released') await showLamps()
  }
}

at('sign-in').onsubmit = async (event) => {
  event.preventDefault()
  const who = Object.fromEntries(new FormData(event.target))
  if (event.submitter.value === 'up' && !wentWell(await latchkey.makeAccount(who))) return
  if (!wentWell(await latchkey.signIn(who))) return
  at('sign-in').hidden = true
  at('claim').hidden = false
  listen().catch(({ message }) => say(message))
}

at('claim').onsubmit = async (event) => {
  event.preventDefault()
  const result = await latchkey.claim(Object.fromEntries(new FormData(event.target)))
  if (!result.ok) return explain(result)
  event.target.reset()
  say('It is yours')
}
