const within = (path: string, project: string | undefined): string =>
  project === undefined ? path : `${path}?${new URLSearchParams({ project })}`

/** The claim page of a project. */
export const claimPath = (project: string | undefined): string => within('/claim', project)

/** What the claim page has to know of a project. */
export const claimFactsPath = (project: string | undefined): string =>
  within('/claim.json', project)

/** Where who has forgotten his password asks for a letter. */
export const resetPath = (project: string | undefined): string =>
  within('/latchkey/reset-password', project)
