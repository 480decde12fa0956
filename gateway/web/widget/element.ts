import { type Read, readCamera, readPicture } from './camera.ts'
import { claimWith } from './claiming.ts'
import { createDecoder } from './decode.ts'
import { make } from './dom.ts'
import { type Draft, emptyDraft, fill, labelOf, missingFields } from './draft.ts'
import { type Label, type Reading, readFragment, readQr } from './label.ts'
import { noticeOfAnswer, noticeOfNotRead, noticeOfReading } from './notice.ts'
import { type Answer, createServer, type Server, type TokenSource } from './server.ts'
import { ATTRIBUTES, addProperties, readSettings, type SettingProperties } from './settings.ts'
import { createStage, type Stage, type Step } from './stage.ts'
import type { Acts } from './view/form.ts'

/** What a claim has made: `detail` of the event `latchkey-claimed`. */
export type ClaimedDetail = {
  readonly device: string
  readonly epoch: number
  readonly claim: string
}

/** Where there is no DOM (a server that renders), the module can be loaded all the same. */
const Root = (globalThis.HTMLElement ?? class {}) as new () => HTMLElement & SettingProperties

/**
 * `<latchkey-claim>`: a person claims a device. The app gives the account's token, as `token` or by `getToken`; it stays in
 * memory. Events, which bubble: `latchkey-claimed` (`ClaimedDetail`), `latchkey-refused` (`{reason}`), `latchkey-signed-out`.
 */
export class LatchkeyClaim extends Root {
  static readonly observedAttributes = ATTRIBUTES

  /** A bearer token of the native API. */
  token: string | undefined
  /** Asked instead of `token` whenever one is needed; with `true` when the last one is over. */
  getToken: TokenSource | undefined
  /** Called after a claim, before it is shown as finished: to put the device where it belongs in the app. */
  afterClaim: ((claim: ClaimedDetail) => unknown) | undefined

  readonly #decoder = createDecoder()
  #stage: Stage | undefined
  #draft: Draft = emptyDraft('device')
  #step: Step = { kind: 'form' }
  /** What is under way: ended by the next thing that begins. */
  #work = new AbortController()

  readonly #acts: Acts = {
    submit: () => void this.#claim(),
    choose: (way) => {
      this.#draft.way = way
      this.#show({ kind: 'form' })
    },
    scan: () => void this.#scan(),
    picture: (file) => void this.#picture(file),
    close: () => {
      this.#begin()
      this.#show({ kind: 'form' })
    },
    again: () => this.reset(),
  }

  connectedCallback(): void {
    const [way = 'device'] = readSettings(this).ways
    if (this.subject === undefined) this.#draft = emptyDraft(way)
    this.#stage ??= createStage(this.attachShadow({ mode: 'open' }))
    globalThis.addEventListener('hashchange', this.#readFragment)
    this.#show({ kind: 'form' })
    this.#readFragment()
  }

  disconnectedCallback(): void {
    globalThis.removeEventListener('hashchange', this.#readFragment)
    this.#work.abort()
  }

  attributeChangedCallback(): void {
    this.#show(this.#step)
  }

  /** The keyboard goes to what is left to do: the first empty field, else the button. */
  override focus(): void {
    const [missing] = missingFields(this.#draft, readSettings(this))
    this.#stage?.focus(missing ?? 'button')
  }

  /** What is about to be claimed, as far as it is no secret. */
  get subject(): string | undefined {
    const { way, device, link } = this.#draft
    return (way === 'device' ? device : way === 'link' ? link : '') || undefined
  }

  /** Puts a label into the fields. Nothing is claimed before the person says so. */
  prefill(label: Label): void {
    this.#begin()
    this.#read({ kind: 'label', label })
  }

  /** Back to empty fields. What waits on the server goes on waiting there. */
  reset(): void {
    this.#begin()
    this.#draft = emptyDraft(this.#draft.way)
    this.#show({ kind: 'form' })
  }

  /** The secret leaves the address bar and the history at once; no server has seen it there. */
  readonly #readFragment = (): void => {
    if (!this.hasAttribute('read-fragment')) return
    const label = readFragment(location.hash)
    if (label === undefined) return
    history.replaceState(history.state, '', `${location.pathname}${location.search}`)
    this.prefill(label)
  }

  #begin(): AbortSignal {
    this.#work.abort()
    this.#work = new AbortController()
    return this.#work.signal
  }

  #show(step: Step): void {
    this.#step = step
    this.#stage?.show(step, {
      draft: this.#draft,
      settings: readSettings(this),
      acts: this.#acts,
    })
  }

  #dispatch(name: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }))
  }

  async #claim(): Promise<void> {
    const settings = readSettings(this)
    const missing = missingFields(this.#draft, settings)
    if (missing[0] !== undefined) {
      this.#show({ kind: 'form', missing })
      return this.#stage?.focus(missing[0])
    }
    const signal = this.#begin()
    const tokenOf: TokenSource = async (isOver) =>
      this.getToken === undefined ? this.token : this.getToken(isOver)
    const server = createServer(settings.server, tokenOf)
    const isRead = this.#step.kind === 'form' && this.#step.isRead === true
    this.#show({ kind: 'form', isBusy: true, isRead })
    for await (const answer of claimWith(server, labelOf(this.#draft), settings.home, signal)) {
      if (signal.aborted) return
      await this.#tell(answer, server)
    }
  }

  async #tell(answer: Answer, server: Server): Promise<void> {
    switch (answer.kind) {
      case 'waiting':
        return this.#show({
          kind: 'waiting',
          until: answer.until,
          linkId: this.#draft.way === 'link' ? this.#draft.link : undefined,
        })
      case 'already-yours':
        this.#draft = emptyDraft(this.#draft.way)
        return this.#show({ kind: 'claimed', isNew: false })
      case 'claimed':
        return this.#finish(answer, server)
      case 'refused':
      case 'mistyped':
      case 'held':
      case 'signed-out':
      case 'unreachable':
        this.#show({ kind: 'form', notice: noticeOfAnswer(answer) })
        if (answer.kind === 'signed-out') this.#dispatch('latchkey-signed-out')
        if (answer.kind === 'refused') this.#dispatch('latchkey-refused', { reason: answer.reason })
    }
  }

  async #finish(answer: Answer & { readonly kind: 'claimed' }, server: Server): Promise<void> {
    const { device, epoch, claim } = answer
    const detail: ClaimedDetail = { device, epoch, claim }
    const [name, isUnfinished] = await Promise.all([
      server.nameOf(device),
      this.#isUnfinished(detail),
    ])
    this.#draft = emptyDraft(this.#draft.way)
    this.#show({ kind: 'claimed', isNew: true, name, isUnfinished })
    this.#dispatch('latchkey-claimed', detail)
  }

  async #isUnfinished(detail: ClaimedDetail): Promise<boolean> {
    try {
      await this.afterClaim?.(detail)
      return false
    } catch (cause) {
      // The claim stands; what failed is the app's, and is told where its authors look.
      console.error(cause)
      return true
    }
  }

  async #scan(): Promise<void> {
    const signal = this.#begin()
    const video = make('video', { playsinline: true, 'aria-hidden': 'true' })
    video.muted = true
    this.#show({ kind: 'camera', video })
    const read = await readCamera(video, this.#decoder, signal)
    if (!signal.aborted) this.#take(read)
  }

  async #picture(file: File): Promise<void> {
    const signal = this.#begin()
    const read = await readPicture(file, this.#decoder)
    if (!signal.aborted) this.#take(read)
  }

  /** What was read goes into the fields, and the keyboard to what is left to do. */
  #take(read: Read): void {
    if ('not' in read) this.#show({ kind: 'form', notice: noticeOfNotRead(read.not) })
    else {
      this.#read(readQr(read.text, readSettings(this).server))
      this.focus()
    }
  }

  #read(reading: Reading): void {
    const isLabel = reading.kind === 'label'
    if (isLabel) fill(this.#draft, reading.label)
    const isWhole = missingFields(this.#draft, readSettings(this)).length === 0
    const notice = noticeOfReading(reading)
    // Something is still to be typed: the notice would speak too soon.
    this.#show(isLabel && !isWhole ? { kind: 'form' } : { kind: 'form', notice, isRead: isLabel })
  }
}

addProperties(LatchkeyClaim.prototype)
