import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { en, type TextKey, type Texts } from './en'

export type { TextKey } from './en'

/** Languages but English, which stands in until another is there, are loaded when they are chosen. */
export const languages: Record<string, { name: string; load: () => Promise<Texts> }> = {
  en: { name: 'English', load: () => Promise.resolve(en) },
  sv: { name: 'Svenska', load: () => import('./sv').then((m) => m.sv) },
}

const stored = 'tandem.language'

function first(): string {
  const wanted = [localStorage.getItem(stored) ?? '', ...navigator.languages.map((l) => l.slice(0, 2))]
  return wanted.find((l) => l in languages) ?? 'en'
}

/** Fills {name} in a text. */
export function fill(text: string, values: Record<string, string | number> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole))
}

interface Speaker {
  language: string
  setLanguage: (l: string) => void
  t: (key: TextKey, values?: Record<string, string | number>) => string
}

const Context = createContext<Speaker | null>(null)

export function TextsProvider({ children }: { children: ReactNode }) {
  const [language, set] = useState(first)
  const [texts, setTexts] = useState<Texts | null>(language === 'en' ? en : null)
  useEffect(() => { document.documentElement.lang = language }, [language])
  useEffect(() => {
    let gone = false
    const take = (t: Texts) => { if (!gone) setTexts(t) }
    void (languages[language] ?? languages.en!).load().then(take, () => take(en))
    return () => { gone = true }
  }, [language])
  const setLanguage = useCallback((l: string) => {
    localStorage.setItem(stored, l)
    set(l)
  }, [])
  const value = useMemo<Speaker>(() => ({ language, setLanguage, t: (key, values) => fill((texts ?? en)[key], values) }), [language, setLanguage, texts])
  // A page that begins in one language does not change to another before one's eyes.
  return texts && <Context value={value}>{children}</Context>
}

/** The texts in the language that is chosen: `const { t } = useTexts()`. */
export function useTexts(): Speaker {
  const s = useContext(Context)
  if (!s) throw new Error('useTexts outside of TextsProvider')
  return s
}
