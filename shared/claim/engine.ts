import { createClaimModes } from './claim-mode.ts'
import { areSafe, DEFAULT_CODE_LIMITS } from './code-odds.ts'
import { createCodes } from './codes.ts'
import { createEngineContext, type EngineOptions } from './context.ts'
import { createGuesses } from './guesses.ts'
import { createLinks } from './links.ts'
import { createOffers } from './offer.ts'
import { createCodePresenting } from './present-code.ts'
import { createProvision } from './provision.ts'
import { createProvisioningTokens } from './provisioning-tokens.ts'
import { createRedeems } from './redeem.ts'
import { createRefusals } from './refusals.ts'
import { createReleases } from './release.ts'
import { createTransfers } from './transfers.ts'

export type { Closed, SetClaimMode } from './claim-mode.ts'
export type { CodeSeen } from './code-rules.ts'
export type { LookAtCode, MadeCode, MakeCode } from './codes.ts'
export type { EngineOptions } from './context.ts'
export type { LinkAnswer, LinkByAccount, LinkByDevice } from './links.ts'
export type { OfferWindow } from './offer.ts'
export type { PresentCode } from './present-code.ts'
export type { Provisioned, RedeemProvisioningToken } from './provision.ts'
export type { MadeProvisioningToken, MakeProvisioningToken } from './provisioning-tokens.ts'
export type { RedeemDevice, Redeemed } from './redeem.ts'
export type { ReleaseDevice } from './release.ts'
export type { AnswerTransfer } from './transfers.ts'

/** The one place that decides whose device it is. Every verb throws `StoreDown` when it cannot tell. */
export const createEngine = (options: EngineOptions) => {
  const context = createEngineContext(options)
  const { codeLimits = DEFAULT_CODE_LIMITS } = options
  if (!areSafe(codeLimits)) throw new RangeError('claim codes would be too easy to guess')
  const guesses = createGuesses(context, codeLimits)
  const refusals = createRefusals(context)
  return {
    ...createOffers(context, refusals),
    ...createClaimModes(context, refusals),
    ...createRedeems(context),
    ...createLinks(context, refusals),
    ...createReleases(context, refusals),
    ...createTransfers(context),
    ...createCodes(context, guesses),
    ...createCodePresenting(context, guesses, refusals),
    ...createProvisioningTokens(context),
    ...createProvision(context, refusals),
    noteRefusal: refusals.noteRefusal,
    refuseClaim: refusals.refuseClaim,
  }
}

export type Engine = ReturnType<typeof createEngine>
