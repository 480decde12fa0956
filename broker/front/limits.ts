export { DEFAULT_LIMITS, type Limits } from '../../shared/limits.ts'
