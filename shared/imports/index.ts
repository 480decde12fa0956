import type { ImportsContext } from './context.ts'
import { createOperations } from './operations.ts'
import { createSpools } from './spool.ts'

/** Files of devices: stored, worked on by `keepImporting` of any node, asked about. */
export const createImports = (context: ImportsContext) => ({
  ...createOperations(context),
  spools: createSpools(context),
})

export type Imports = ReturnType<typeof createImports>
