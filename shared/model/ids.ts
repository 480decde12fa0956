declare const brand: unique symbol

/** A plain value that must not be mixed up with another of the same shape. Costs nothing at run time. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** UUID of a project, a maker's space. */
export type ProjectId = Brand<string, 'ProjectId'>
/** UUID of an account that can sign in. */
export type UserId = Brand<string, 'UserId'>
/** UUID of what owns devices. */
export type HomeId = Brand<string, 'HomeId'>
/** UUID of a device: the only name used inside; dialects translate theirs at the edge. */
export type DeviceId = Brand<string, 'DeviceId'>
/** UUID of a claim: one redeem and what came of it. */
export type ClaimId = Brand<string, 'ClaimId'>
/** UUID of an open half. */
export type OfferId = Brand<string, 'OfferId'>
/** Keyed digest of a secret, base64url. */
export type Digest = Brand<string, 'Digest'>

/** The id of no device: stands for one that is not there, where the same work is done for it. */
export const NOBODY = '00000000-0000-4000-8000-000000000000' as DeviceId

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether a text could be one of our ids at all. */
export const isUuid = (text: string): boolean => UUID.test(text)
