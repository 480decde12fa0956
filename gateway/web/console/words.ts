/** A title, and a sentence about it. */
export type Saying = readonly [string, string]
type Of<Name extends string> = { readonly [N in Name]: string }
type About = (what: string) => string

/** Every text of the console. Where a word is a function, its arguments stand in the text. */
export type Words = Of<
  'lang' | 'console' | 'signInText' | 'signOut' | 'signOutText' | 'skip' | 'navigation' | 'project'
> &
  Of<
    | 'loading'
    | 'more'
    | 'close'
    | 'cancel'
    | 'copy'
    | 'copied'
    | 'print'
    | 'save'
    | 'saved'
    | 'yes'
    | 'no'
  > &
  Of<'never' | 'now' | 'once'> & {
    readonly other: Of<'lang' | 'name'>
    readonly pages: Of<
      'overview' | 'devices' | 'import' | 'accounts' | 'homes' | 'policy' | 'keys' | 'projects'
    >
    readonly refused: Of<'title' | 'claim'> & { readonly text: About }
    readonly unknown: Of<'title' | 'text' | 'back'>
    readonly over: Saying
    readonly idle: Of<'title' | 'text' | 'stay'> & { readonly over: Saying }
    readonly failure: {
      readonly unreachable: Saying
      readonly missing: Saying
      readonly refused: Saying
      readonly again: string
    }
    readonly live: Of<'open' | 'connecting'>
    readonly overview: OverviewWords
    readonly devices: DevicesWords
    readonly device: DeviceWords
    readonly command: CommandWords
    readonly acts: ActWords
    readonly accounts: AccountsWords
    readonly account: AccountWords
    readonly homes: HomesWords
    readonly policy: PolicyWords
    readonly keys: KeysWords
    readonly projects: ProjectsWords
    /** By the server's reason: what is the matter, and what to do. What is missing is said in the server's own words. */
    readonly reasons: Readonly<Record<string, Saying>>
  }

type OverviewWords = Of<
  'connected' | 'claimed' | 'refused' | 'released' | 'opened' | 'redeemed' | 'openedText' | 'span'
> &
  Of<'minute' | 'hour' | 'funnel' | 'rate' | 'perMinute' | 'perHour' | 'asTable' | 'time'> &
  Of<'reasons' | 'noReasons' | 'ticker' | 'quiet'> & {
    readonly rateText: (claimed: string, refused: string) => string
  }

type DevicesWords = Of<
  'search' | 'searchHint' | 'state' | 'name' | 'class' | 'owner' | 'connection' | 'window'
> &
  Of<'epoch' | 'seen' | 'nobody' | 'connected' | 'away' | 'open' | 'looking' | 'further'> &
  Of<'choose' | 'all' | 'clear' | 'labels' | 'back'> & {
    readonly states: Of<'all' | 'claimed' | 'unclaimed' | 'window' | 'connected'>
    readonly shown: (count: number) => string
    readonly chooseOne: About
    readonly chosen: (count: number) => string
    readonly most: (count: number) => string
    readonly labelsTitle: (count: number) => string
    readonly empty: Saying
    readonly nothing: Saying
  }

type DeviceWords = Of<
  'back' | 'facts' | 'id' | 'number' | 'thingId' | 'particle' | 'project' | 'tag' | 'created'
> &
  Of<'kind' | 'gateway' | 'since' | 'secretWindow' | 'openWindow' | 'until' | 'boxKey' | 'good'> &
  Of<'certificate' | 'registered' | 'claiming' | 'forbidden' | 'story' | 'show' | 'empty'> &
  Of<'by' | 'via' | 'asked' | 'next' | 'itself'> & {
    readonly filters: Of<'all' | 'hands' | 'connection' | 'events'>
    readonly lines: Of<
      | 'claimed'
      | 'released'
      | 'refused'
      | 'waiting'
      | 'window'
      | 'connected'
      | 'disconnected'
      | 'event'
      | 'keyValue'
      | 'acknowledged'
      | 'dropped'
      | 'other'
    >
    readonly epochOf: (epoch: number) => string
  }

type CommandWords = Of<
  'title' | 'action' | 'parameters' | 'send' | 'actionMissing' | 'notJson' | 'sent' | 'answer'
> & { readonly states: Of<'queued' | 'sent' | 'acknowledged' | 'expired' | 'dropped'> }

type ActWords = Of<
  'title' | 'rename' | 'renameText' | 'newName' | 'nameMissing' | 'nameTaken' | 'boxKey'
> &
  Of<'boxKeyText' | 'days' | 'makeKey' | 'keyTitle' | 'label' | 'labelText' | 'release'> &
  Of<'credential' | 'credentialText' | 'credentialMake' | 'credentialShown' | 'certificate'> &
  Of<'certificateText'> & {
    readonly releaseTitle: About
    readonly releaseText: About
    readonly credentialTitle: About
    readonly certificateTitle: About
    readonly done: Of<'rename' | 'release' | 'certificate'>
  }

type AccountsWords = Of<
  'search' | 'searchHint' | 'email' | 'role' | 'mayClaim' | 'verified' | 'created' | 'find'
> &
  Of<'everybody'> & {
    readonly roles: Of<'maker' | 'customer'>
    readonly empty: Saying
    readonly nothing: Saying
  }

type AccountWords = Of<
  'back' | 'facts' | 'homes' | 'lives' | 'open' | 'openText' | 'links' | 'codes' | 'tokens' | 'ends'
> &
  Of<'withhold' | 'withholdText' | 'allow' | 'signOut' | 'signOutText'> & {
    readonly count: (count: number) => string
    readonly withholdTitle: About
    readonly signOutTitle: About
    readonly done: Of<'withheld' | 'allowed' | 'signedOut'>
  }

type HomesWords = Of<
  'name' | 'kind' | 'personal' | 'shared' | 'number' | 'created' | 'back' | 'members' | 'devices'
> &
  Of<'owner' | 'member' | 'joined' | 'noDevices' | 'noMembers'> & { readonly empty: Saying }

/** What a project decides; the same names as the server's. */
export type PolicyField =
  | 'claimingAllowedByDefault'
  | 'secretOptional'
  | 'claimById'
  | 'possession'
  | 'signUp'
  | 'windowDefaultMs'
  | 'windowMaxMs'
  | 'linkTtlMs'
  | 'claimCodeTtlMs'
  | 'provisioningTokenTtlMs'
  | 'commandTtlMs'
  | 'openLinksPerAccount'

type PolicyWords = Of<
  'lead' | 'claiming' | 'times' | 'accounts' | 'unit' | 'wrongTime' | 'wrongCount'
> & {
  readonly fields: Readonly<Record<PolicyField, Saying>>
  readonly units: Of<'s' | 'm' | 'h' | 'd'>
}

type KeysWords = Of<
  'lead' | 'projectKeys' | 'clients' | 'clientsText' | 'noClients' | 'name' | 'grants' | 'created'
> &
  Of<'make' | 'makeClient' | 'nameMissing' | 'id' | 'secret' | 'key' | 'shown' | 'shownClient'> &
  Of<'remove' | 'removeText' | 'removed' | 'empty'> & { readonly removeTitle: About }

type ProjectsWords = Of<
  'lead' | 'name' | 'number' | 'accounts' | 'provisioning' | 'created' | 'make' | 'nameMissing'
> &
  Of<'made' | 'taken' | 'only' | 'open'> & {
    readonly accountKinds: Of<'email' | 'phone' | 'byou'>
    readonly provisioningKinds: Of<'pre' | 'on-demand'>
  }
