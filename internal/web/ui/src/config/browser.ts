// Names of browsers and systems in a User-Agent, those first whose text holds others' names.
const browsers: [RegExp, string][] = [[/Edg[A-Za-z]*\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\/|FxiOS\//, 'Firefox'], [/Chrome\/|CriOS\//, 'Chrome'], [/Safari\//, 'Safari']]
const systems: [RegExp, string][] = [[/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']]

/** What people call the browser of a User-Agent, or the beginning of one that is not known. */
export function browserName(agent: string): string {
  const found = [browsers, systems].map((list) => list.find(([text]) => text.test(agent))?.[1]).filter(Boolean)
  return found.length > 0 ? found.join(', ') : agent.slice(0, 40)
}
