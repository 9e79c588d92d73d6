import { appEn } from './app.en'
import { benchEn } from './bench.en'
import { callsEn } from './calls.en'
import { configEn } from './config.en'
import { editorEn } from './editor.en'
import { hoursEn } from './hours.en'
import { liveEn } from './live.en'
import { loginsEn } from './logins.en'
import { peopleEn } from './people.en'
import { phoneEn } from './phone.en'
import { serverEn } from './server.en'

/**
 * Every text of the interface. {name} is filled in. A key says where the text is
 * and what it is for. Each area has files of its own beside this one.
 */
export const en = { ...appEn, ...benchEn, ...callsEn, ...configEn, ...editorEn, ...hoursEn, ...liveEn, ...loginsEn, ...peopleEn, ...phoneEn, ...serverEn }

export type TextKey = keyof typeof en
export type Texts = Record<TextKey, string>
