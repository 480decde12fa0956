/**
 * Why something was refused: the closed list of CONTRACT 5, with what to do next.
 * `said` tells who may hear the reason at once: `caller` when it is about the caller's own doing,
 * `entitled` only who has shown the right proof, owns the device or runs the project.
 */
export const REASONS = {
  'no-window': {
    said: 'entitled',
    detail: 'The device has no open claim window and no box key.',
    next: 'Make the device open a window (press its button or restart it), then claim again.',
  },
  'window-expired': {
    said: 'entitled',
    detail: 'The secret is right, but the time to use it is over.',
    next: 'Make the device open a new window, then claim within its time.',
  },
  'wrong-secret': {
    said: 'entitled',
    detail: 'The secret is not the one that the device or its maker gave.',
    next: 'Read the secret again from the device or its box; case and spaces count.',
  },
  'secret-required': {
    said: 'entitled',
    detail: 'No secret was given, and one is needed.',
    next: 'Give the secret that the device shows or that came in its box.',
  },
  'claiming-not-allowed': {
    said: 'entitled',
    detail: 'The maker does not allow this device to be claimed.',
    next: 'The maker can allow it: claimingAllowed on the device, claimingAllowedByDefault in the policy.',
  },
  'already-yours': {
    said: 'entitled',
    detail: 'Your home owns this device already.',
    next: 'Nothing to do.',
  },
  'owned-by-another': {
    said: 'entitled',
    detail: 'The device belongs to somebody else.',
    next: 'Ask the present owner to release it, then claim again.',
  },
  'code-unknown': {
    said: 'caller',
    detail: 'There is no such claim code.',
    next: 'Make a new claim code and give it to the device.',
  },
  'code-expired': {
    said: 'caller',
    detail: 'The claim code is too old.',
    next: 'Make a new claim code and give it to the device.',
  },
  'code-used': {
    said: 'caller',
    detail: 'The claim code has been used.',
    next: 'Make a new claim code for each device.',
  },
  'token-unknown': {
    said: 'caller',
    detail: 'There is no such provisioning token.',
    next: 'Make a new provisioning token.',
  },
  'token-expired': {
    said: 'caller',
    detail: 'The provisioning token is too old.',
    next: 'Make a new provisioning token.',
  },
  'token-used': {
    said: 'caller',
    detail: 'The provisioning token has been used.',
    next: 'Make a new provisioning token for each device.',
  },
  'link-contested': {
    said: 'caller',
    detail: 'Two accounts or two devices wait on the same link id, so nobody was linked.',
    next: 'Choose a new link id, one that others will not think of.',
  },
  'link-expired': {
    said: 'caller',
    detail: 'The other half did not come in time.',
    next: 'Start again on both sides within the time of the link.',
  },
  'device-unknown': {
    said: 'entitled',
    detail: 'There is no device of that name or id in the project.',
    next: 'Check the name; the maker can see all names under GET /latchkey/v1/devices.',
  },
  'device-not-in-project': {
    said: 'entitled',
    detail: 'The device belongs to another project.',
    next: 'Use an account of the project that the device was made for.',
  },
  'not-a-member': {
    said: 'caller',
    detail: 'You are not a member of that home.',
    next: 'Use a home of yours, or be invited to that one.',
  },
  'not-permitted': {
    said: 'caller',
    detail: 'This is not possible with what was given.',
    next: 'Check the device name and the secret, and that the device is ready to be claimed.',
  },
  'gateway-not-entitled': {
    said: 'entitled',
    detail: 'The device is not one that this gateway may speak for.',
    next: 'Connect the device through this gateway, or mark the sender as a gateway.',
  },
  'too-many-attempts': {
    said: 'caller',
    detail: 'Too many wrong tries.',
    next: 'Wait as long as Retry-After says.',
  },
  'bad-request': {
    said: 'caller',
    detail: 'The message is not of the documented form.',
    next: 'Send the documented members, with their types, and no others.',
  },
  'epoch-changed': {
    said: 'caller',
    detail: 'The device has changed hands meanwhile.',
    next: 'Look at the device again.',
  },
  'provisioning-closed': {
    said: 'caller',
    detail: 'The project does not take new devices this way.',
    next: 'The maker adds the device, or opens provisioning.',
  },
  'name-taken': {
    said: 'caller',
    detail: 'The name is in use.',
    next: 'Choose another name.',
  },
} as const

/** A reason of CONTRACT 5. Stable: programs branch on it. */
export type Reason = keyof typeof REASONS
