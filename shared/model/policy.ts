import { type Static, Type } from 'typebox'

const ttl = (maximum: number) => Type.Integer({ minimum: 1000, maximum })
const DAY_MS = 86_400_000

/** What a project decides about claiming (CONTRACT 6 "Policy"). Times in ms. */
export const Policy = Type.Object(
  {
    claimingAllowedByDefault: Type.Boolean(),
    windowDefaultMs: ttl(30 * DAY_MS),
    windowMaxMs: ttl(30 * DAY_MS),
    secretOptional: Type.Boolean(),
    linkTtlMs: ttl(30 * DAY_MS),
    openLinksPerAccount: Type.Integer({ minimum: 1, maximum: 10_000 }),
    claimCodeTtlMs: ttl(30 * DAY_MS),
    provisioningTokenTtlMs: ttl(30 * DAY_MS),
    claimById: Type.Boolean(),
    signUp: Type.Boolean(),
    commandTtlMs: ttl(30 * DAY_MS),
    possession: Type.Boolean(),
  },
  { additionalProperties: false },
)
export type Policy = Static<typeof Policy>

/** The names of its members. */
export const POLICY_MEMBERS = Object.keys(Policy.properties) as readonly (keyof Policy)[]

/** What a maker gave: the rest follows the defaults. */
export const PolicyPatch = Type.Partial(Policy, { additionalProperties: false })
export type PolicyPatch = Static<typeof PolicyPatch>

/** Defaults of CONTRACT 6. A window's default depends on who opens it, so a dialect brings its own. */
export const DEFAULT_POLICY = {
  claimingAllowedByDefault: true,
  windowMaxMs: DAY_MS,
  secretOptional: false,
  linkTtlMs: DAY_MS,
  openLinksPerAccount: 50,
  claimCodeTtlMs: 3_600_000,
  provisioningTokenTtlMs: 3_600_000,
  claimById: true,
  signUp: true,
  commandTtlMs: 3_600_000,
  possession: false,
} as const satisfies Omit<Policy, 'windowDefaultMs'>

/** The policy in force: what is stored over the defaults. `windowDefaultMs` stays absent until set. */
export type PolicyInForce = Omit<Policy, 'windowDefaultMs'> & { readonly windowDefaultMs?: number }

export const policyInForce = (patch: PolicyPatch): PolicyInForce => ({
  ...DEFAULT_POLICY,
  ...patch,
})
