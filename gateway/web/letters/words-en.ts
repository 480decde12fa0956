import type { LetterWords } from './words.ts'

export const en: LetterWords = {
  looking: 'One moment…',
  from: (project) => `The e-mail comes from ${project}.`,
  claim: 'Sign in and claim a device',
  again: 'Try again',
  askAnew: 'Ask for a new e-mail',
  newPassword: 'New password',
  name: 'Your name',
  nameHint: 'For the others in the home. You may leave it out.',
  member: 'Your account stays as it is.',
  deny: 'Keep it',
  denied: { title: 'It stays yours', text: 'Who asked for it is told that you keep it.' },
  asking: {
    'verify-email': {
      heading: 'Your e-mail address',
      lead: 'One tap, and everybody can be sure that it is yours.',
      title: 'Is this address yours?',
      text: 'If you did not expect the e-mail, close this page: nothing happens then.',
      action: 'Yes, it is mine',
      done: { title: 'The address is yours', text: 'You can sign in now.' },
    },
    'reset-password': {
      heading: 'A new password',
      lead: 'Whoever is signed in to your account now is signed out by it, on every device.',
      title: 'Choose a new password',
      text: 'Take one that you use nowhere else.',
      action: 'Set password',
      done: { title: 'The new password is set', text: 'Sign in with it from now on.' },
    },
    'member-invite': {
      heading: 'You are invited',
      lead: 'Somebody shares a home and the devices in it with you.',
      title: 'Accept the invitation',
      text: 'Choose a password for your account. With it you sign in.',
      action: 'Accept',
      done: { title: 'You are in', text: 'Sign in, and the devices of the home are there.' },
    },
    transfer: {
      heading: 'Your device, your decision',
      lead: 'Somebody asks you to hand over a device. It stays yours until you agree.',
      title: 'Hand over this device?',
      text: 'If you agree, it listens to the other account at once, and your apps do not see it any more.',
      action: 'Hand it over',
      done: { title: 'Handed over', text: 'The device belongs to who asked for it.' },
    },
    forgotten: {
      heading: 'Forgotten your password?',
      lead: 'We send you an e-mail by which you choose a new one.',
      title: 'Where do we send it?',
      text: 'The address of your account.',
      action: 'Send e-mail',
      done: {
        title: 'Look into your mailbox',
        text: 'If there is an account with this address, an e-mail is on its way. It is good for an hour.',
      },
    },
  },
  failures: {
    gone: {
      title: 'This link is not good any more',
      text: 'It has been used, a newer e-mail has replaced it, or a part of it is missing.',
    },
    'too-old': { title: 'This link is too old', text: 'Have a new e-mail sent to you.' },
    answered: {
      title: 'There is nothing left to answer',
      text: 'It was answered already, or the device has changed hands.',
    },
    unreachable: {
      title: 'The service cannot be reached',
      text: 'Check your connection, then try again.',
    },
    'no-token': {
      title: 'The link is not complete',
      text: 'Open it from the e-mail once more.',
    },
  },
}
