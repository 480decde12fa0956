import { PLATFORM_NAMES } from '../platforms/table.ts'
import { EXIT_HELP } from './command.ts'

/** What `latchkey sim device --help` prints. */
export const DEVICE_HELP = `latchkey sim device: simulated devices that open their claim window

Which devices (one of):
  --token T               one device; T is its MQTT user name (--token=T when T begins with a dash)
    --name N              its name, needed for the QR code
  --tokens FILE           one token a line, or NDJSON with {"name","token"}
    --count N             only the first N
  --provision T           one device that is not there yet; T is a provisioning token (--provision=T as above)
  --http URL --email E --password P
                          sign in as a maker and create the devices first
    --count N             so many (1)
    --name-prefix P       named P and a number (sim-)

What they do:
  --platform NAME         ${PLATFORM_NAMES.join(' or ')} (latchkey)
  --url URL               the broker (mqtt://127.0.0.1:1883)
  --protocol 4|5          MQTT 3.1.1 or 5 (4)
  --code C                bring this claim code instead of opening a window
  --secret S              the claim secret of every device; else a new one of 80 bits for each
  --no-secret             open the window without a secret
  --duration-ms N         how long the window stays open; else the platform's default
  --events N              send N events: once claimed where the device is told, else at once

When it ends:
  --once                  when the window is open: PUBACK, and where the platform answers, its answer
  --until claimed         when every device knows that it is claimed (not on platforms that do not tell)
                          else it stays connected, answers commands, and ends with Ctrl-C
  --timeout-ms N          how long to try to connect and to open (30000), and with --until to be claimed (no limit)

How it tells:
  --qr                    draw the QR code of the claim (by itself for one device on a terminal)
  --json                  one JSON line per event

${EXIT_HELP}
`
