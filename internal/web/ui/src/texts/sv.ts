import { appSv } from './app.sv'
import { benchSv } from './bench.sv'
import { callsSv } from './calls.sv'
import { configSv } from './config.sv'
import { editorSv } from './editor.sv'
import { hoursSv } from './hours.sv'
import { liveSv } from './live.sv'
import { loginsSv } from './logins.sv'
import { peopleSv } from './people.sv'
import { phoneSv } from './phone.sv'
import { serverSv } from './server.sv'
import type { Texts } from './en'

export const sv: Texts = { ...appSv, ...benchSv, ...callsSv, ...configSv, ...editorSv, ...hoursSv, ...liveSv, ...loginsSv, ...peopleSv, ...phoneSv, ...serverSv }
