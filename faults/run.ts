import { runCommand } from '../cli/command.ts'
import { faults } from './command.ts'

process.exit(await runCommand('npm run faults --', faults, process.argv.slice(2), process))
