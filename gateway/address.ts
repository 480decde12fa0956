export { networkOf } from '../shared/guard/network.ts'
