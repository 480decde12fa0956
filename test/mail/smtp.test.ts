import { describe, expect, test } from '@jest/globals'
import { openSmtp } from '../../shared/mail/carriers/smtp.ts'
import type { Asked, WantedMail } from '../../shared/mail/mail.ts'
import type { Refused } from '../../shared/model/outcomes.ts'
import { counted, eventually, listeningLog, mailSettings, withMailRooms } from '../support/mail.ts'
import { freePort } from '../support/redis-server.ts'
import { startSmtp } from '../support/smtp.ts'

const TOKEN = /^[A-Za-z0-9_-]{64}$/m

/** Sends one mail as it is done to another machine. */
const carried = (port: number) =>
  openSmtp(
    { kind: 'smtp', host: '127.0.0.1', port, secure: false, startTls: 'required' },
    () => 'latchkey@latch.example',
  ).carry(
    { to: 'ada@example.com', subject: 's', text: 't', kind: 'verify-email', token: 't' },
    'name',
    AbortSignal.timeout(10_000),
  )

test.each([
  ['offers no STARTTLS', ['STARTTLS']],
  ['has a certificate that nobody vouches for', []],
])('to another machine nothing is sent when it %s', async (_why, disabledCommands) => {
  const smtp = await startSmtp({ options: { disabledCommands } })
  expect(await carried(smtp.port)).toMatchObject({ state: 'failed', isFinal: false })
  expect([smtp.seen.connections, smtp.seen.recipients]).toEqual([1, 0])
  await smtp.close()
})

withMailRooms((room) => {
  let people = 0

  const send = (wanted: Partial<WantedMail> = {}): Promise<Asked | Refused> => {
    const { parts, project } = room()
    people += 1
    return parts.mail.send({
      ...{ project, letter: 'reset-password', to: `ada${people}@example.com`, subject: 'ada' },
      ...wanted,
    } as WantedMail)
  }

  describe('by SMTP', () => {
    test('a letter comes with its link and its token on a line of its own, which is good', async () => {
      const smtp = await startSmtp()
      await room().couriers(mailSettings(`smtp://127.0.0.1:${smtp.port}`), {
        publicUrl: 'https://latch.example',
      })
      await send({ to: 'Ada.Lovelace+x@example.com', subject: 'user ada' })
      const mail = await smtp.next()
      expect(mail).toMatchObject({
        from: 'latchkey@latch.example',
        to: ['Ada.Lovelace+x@example.com'],
      })
      expect(mail.headers).toMatch(/^Subject: Reset your password\r?$/m)
      expect(mail.headers).toMatch(/^Content-Type: text\/plain; charset=utf-8\r?$/m)
      expect(mail.headers).toMatch(/^Auto-Submitted: auto-generated\r?$/m)
      expect(mail.headers).toMatch(/^Message-ID: <\d+-[0-9a-f-]{36}@latch\.example>\r?$/m)
      const token = TOKEN.exec(mail.text)?.[0] as string
      expect(mail.text).toContain(`https://latch.example/latchkey/reset-password#${token}\n`)
      const held = await room().parts.registry.oneTimeTokens.redeem('reset-password', token)
      expect(held).toMatchObject({ state: 'held', subject: 'user ada' })
      await smtp.close()
    })

    test('each kind of letter says what it is about, names of others without links and lines', async () => {
      const smtp = await startSmtp()
      await room().couriers(
        mailSettings(`smtp://127.0.0.1:${smtp.port}`, undefined, 'no-reply@x.example'),
      )
      const about = 'Zoë’s 家\r\nBcc: eve@example.com <https://evil.example/?a=b>'
      const cleaned = 'Zoë s 家 Bcc eve example com https evil example a b'
      await send({ letter: 'member-invite', subject: 'home/ada', about })
      const invited = await smtp.next()
      expect(invited.from).toBe('no-reply@x.example')
      expect(invited.text).toContain(`You are invited to become a member of a home "${cleaned}".`)
      expect(invited.headers).not.toMatch(/^bcc:/im)
      await send({ letter: 'verify-email' })
      expect((await smtp.next()).headers).toMatch(/^Subject: Confirm your e-mail address\r?$/m)
      await send({ letter: 'transfer', about: 'Lamp' })
      expect((await smtp.next()).text).toMatch(TOKEN)
      await send({ letter: 'transfer-approved', about: 'Lamp' })
      const told = await smtp.next()
      expect(told.text).toContain('Your request for a device "Lamp" was approved.')
      expect(told.text).not.toMatch(TOKEN)
      await smtp.close()
    })

    test('a server that refuses for now is asked again, and the letter comes once', async () => {
      const answers = [{ code: 451, text: 'greylisted' }]
      const smtp = await startSmtp({ refuse: () => answers.shift() })
      const { metrics } = await room().couriers(mailSettings(`smtp://127.0.0.1:${smtp.port}`))
      await send()
      await smtp.next()
      await eventually(async () => (await counted(metrics, 'sent')) === 1)
      expect([await counted(metrics, 'postponed'), smtp.seen.recipients]).toEqual([1, 2])
      expect(smtp.received).toEqual([])
      await smtp.close()
    })

    test('a recipient that the server does not know is given up, and the log does not name him', async () => {
      const smtp = await startSmtp({
        refuse: () => ({ code: 550, text: 'no such user nobody@gone.example' }),
      })
      const { log, text } = listeningLog()
      const { metrics } = await room().couriers(mailSettings(`smtp://127.0.0.1:${smtp.port}`), {
        log,
      })
      await send({ to: 'nobody@gone.example' })
      await eventually(async () => (await counted(metrics, 'given-up')) === 1)
      expect(smtp.seen.recipients).toBe(1)
      expect(text()).toContain('…@gone.example')
      expect(text()).not.toContain('nobody@gone.example')
      expect(await room().store.list(queueOf(), { limit: 1 })).toEqual([])
      await smtp.close()
    })

    test('a server that is down is waited for', async () => {
      const port = await freePort()
      const { metrics } = await room().couriers(mailSettings(`smtp://127.0.0.1:${port}`))
      await send({ to: 'late@example.com' })
      await eventually(async () => (await counted(metrics, 'postponed')) >= 1)
      const smtp = await startSmtp({ port })
      expect((await smtp.next()).to).toEqual(['late@example.com'])
      await smtp.close()
    })

    test('credentials of the URL sign in, and are in no log, whatever the server says', async () => {
      const smtp = await startSmtp({
        options: {
          authOptional: false,
          onAuth({ username, password }, _session, done) {
            if (username === 'post@x' && password === 'p@ss:wörd/1') done(null, { user: username })
            else done(new Error(`wrong password ${password}`))
          },
        },
      })
      const { log, text } = listeningLog()
      const at = (password: string) =>
        mailSettings(`smtp://post%40x:${encodeURIComponent(password)}@127.0.0.1:${smtp.port}`)
      const wrong = await room().couriers(at('SEKRET-wrong'), { log })
      await send({ to: 'signed@example.com' })
      await eventually(async () => (await counted(wrong.metrics, 'postponed')) >= 1)
      await wrong.close()
      await room().couriers(at('p@ss:wörd/1'), { log })
      expect(await smtp.next()).toMatchObject({ user: 'post@x', to: ['signed@example.com'] })
      for (const secret of ['SEKRET-wrong', 'p@ss:wörd/1', 'signed@example.com'])
        expect(text()).not.toContain(secret)
      await smtp.close()
    })

    test('a server whose certificate nobody vouches for gets nothing', async () => {
      const smtp = await startSmtp({ options: { secure: true } })
      const { log, text } = listeningLog()
      const { metrics, close } = await room().couriers(
        mailSettings(`smtps://127.0.0.1:${smtp.port}`),
        { log },
      )
      await send()
      await eventually(async () => (await counted(metrics, 'postponed')) >= 1)
      await close()
      expect(smtp.seen.recipients).toBe(0)
      expect(smtp.received).toEqual([])
      expect(text()).toMatch(/ESOCKET|ETLS|ECONNECTION/)
      await smtp.close()
      await drained()
    })
  })

  const queueOf = () => `{${room().project}}letters:mail` as never

  /** Lets what a test left behind go. */
  const drained = async () => {
    const smtp = await startSmtp()
    const { close } = await room().couriers(mailSettings(`smtp://127.0.0.1:${smtp.port}`))
    await smtp.next()
    await eventually(async () => (await room().store.list(queueOf(), { limit: 1 })).length === 0)
    await close()
    await smtp.close()
  }
})
