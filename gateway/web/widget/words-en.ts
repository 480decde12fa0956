import type { Words } from './words.ts'

export const en: Words = {
  lang: 'en',
  heading: 'Claim a device',
  intro: 'Scan the code on the device, or type what is printed next to it.',
  scan: 'Scan QR code',
  picture: 'Use a picture',
  or: 'or',
  wayLegend: 'What do you have?',
  ways: { device: 'Name and key', link: 'Shared ID', code: 'Claim code' },
  device: 'Device name',
  secret: 'Secret key',
  showSecret: 'Show secret key',
  hideSecret: 'Hide secret key',
  link: 'Shared ID',
  linkHint: 'Any word that you also give to the device. The two of you find each other by it.',
  code: 'Claim code',
  codeHint: 'The one that you have made for the device, and that it brings.',
  button: 'Claim device',
  sending: 'One moment…',
  deviceRequired: 'Device name is required',
  secretRequired: 'Secret key is required',
  linkRequired: 'Shared ID is required',
  codeRequired: 'Claim code is required',
  success: 'The device is yours',
  successText: (name) =>
    name === undefined ? 'You can use it right away.' : `You can use ${name} right away.`,
  unfinished:
    'One last step did not work: the app could not set the device up. Try that again there.',
  alreadyYours: { title: 'Yours already', text: 'You have claimed this device before.' },
  another: 'Claim another device',
  notFound: 'Device not found',
  notFoundText: 'Check the name: every character counts.',
  failed: 'That did not work',
  failedText: 'Check the name and the secret key, and that the device is ready to be claimed.',
  waiting: 'Waiting for the device',
  waitingText: {
    link: 'Switch it on and give it this ID. You see a check mark as soon as it answers.',
    code: 'Switch it on and give it the code. You see a check mark as soon as it answers.',
  },
  left: 'Time left',
  stop: 'Start over',
  signedOut: { title: 'Not signed in', text: 'Sign in, then claim the device.' },
  mistyped: {
    title: 'A typing error',
    text: 'A character of the key is not as it is printed. Read it once more; this did not count as a try.',
  },
  held: {
    title: 'Too many wrong tries',
    text: 'To keep devices safe, there is a pause now, for right keys too.',
  },
  unreachable: {
    title: 'The service cannot be reached',
    text: 'Check your connection, then try again.',
  },
  camera: 'Hold the QR code into the frame',
  cameraClose: 'Close camera',
  noCamera: {
    title: 'No camera found',
    text: 'Use a picture of the code, or type what is printed.',
  },
  noPermission: {
    title: 'The camera may not be used',
    text: 'Allow it in the browser, use a picture of the code, or type what is printed.',
  },
  noCode: {
    title: 'No QR code found',
    text: 'Take the picture from closer, straight on, in good light.',
  },
  notOurs: {
    title: 'Not the code of a device',
    text: 'This QR code says something else. Look for another one on the device.',
  },
  elsewhere: (host) => ({
    title: 'A code for another service',
    text: `It belongs to ${host}: open it there with the camera of your phone.`,
  }),
  read: { title: 'Code read', text: 'One more tap and the device is yours.' },
  instead: 'Use something else',
  reasons: {
    'no-window': {
      title: 'The device is not ready',
      text: 'Press its button or restart it, then try again.',
    },
    'window-expired': {
      title: 'The time is over',
      text: 'The key is right, but too late. Press the button of the device again, then try again.',
    },
    'wrong-secret': {
      title: 'Wrong secret key',
      text: 'Read it once more. Capitals and spaces count.',
    },
    'secret-required': {
      title: 'Secret key is required',
      text: 'The device shows it, or it came in the box.',
    },
    'claiming-not-allowed': {
      title: 'This device cannot be claimed',
      text: 'Its maker does not allow it. Ask where you bought it.',
    },
    'owned-by-another': {
      title: 'It belongs to somebody else',
      text: 'Ask the present owner to release it, then try again.',
    },
    'device-not-in-project': {
      title: 'A device of another maker',
      text: 'Use the app or the page of the maker of this device.',
    },
    'link-contested': {
      title: 'This ID is taken',
      text: 'Somebody else uses the same one, so nothing was claimed. Choose another on both sides.',
    },
    'link-expired': {
      title: 'The device did not answer in time',
      text: 'Start again on both sides.',
    },
    'code-unknown': { title: 'Unknown code', text: 'Read it once more.' },
    'code-expired': { title: 'The code is too old', text: 'Make a new one for the device.' },
    'code-used': { title: 'The code has been used', text: 'Make a new one for each device.' },
    'bad-request': {
      title: 'Something is not as it is printed',
      text: 'It is too long, or has characters that do not belong there. Read it once more.',
    },
    'not-a-member': { title: 'Not your home', text: 'Choose a home that you are a member of.' },
  },
}
