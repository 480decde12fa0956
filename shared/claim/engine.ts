import { createEngineContext, type EngineOptions } from './context.ts'
import { createLinks } from './links.ts'
import { createOffers } from './offer.ts'
import { createRedeems } from './redeem.ts'
import { createReleases } from './release.ts'

export type { EngineOptions } from './context.ts'
export type { LinkAnswer, LinkByAccount, LinkByDevice } from './links.ts'
export type { OfferWindow } from './offer.ts'
export type { RedeemDevice, Redeemed } from './redeem.ts'
export type { ReleaseDevice } from './release.ts'

/** The one place that decides whose device it is. Every verb throws `StoreDown` when it cannot tell. */
export const createEngine = (options: EngineOptions) => {
  const context = createEngineContext(options)
  return {
    ...createOffers(context),
    ...createRedeems(context),
    ...createLinks(context),
    ...createReleases(context),
  }
}

export type Engine = ReturnType<typeof createEngine>
