import { api, Fault, need, type Problem, type Schema } from '../api/client'

export type Sound = Schema<'Sound'>

/** Every sound, over all parts of the list. */
export async function sounds(): Promise<Sound[]> {
  return (await need(api.GET('/api/v1/sounds'))).items ?? []
}

/** Uploads audio as a new sound, or in place of one's audio; progress is told from 0 to 1. */
export function upload(audio: Blob, file: string, name: string, replaces?: string, progress?: (part: number) => void): Promise<void> {
  const form = new FormData()
  form.set('file', audio, file)
  if (!replaces) form.set('name', name)
  return new Promise((done, fail) => {
    const x = new XMLHttpRequest() // fetch tells nothing of an upload's progress
    x.open(replaces ? 'PUT' : 'POST', replaces ? `/api/v1/sounds/${encodeURIComponent(replaces)}/audio` : '/api/v1/sounds')
    x.upload.onprogress = (e) => { if (e.lengthComputable) progress?.(e.loaded / e.total) }
    x.onerror = () => fail(new Fault(0, {}))
    x.onload = () => {
      if (x.status < 300) return done()
      let problem: Problem = { title: x.statusText }
      try {
        problem = JSON.parse(x.responseText) as Problem
      } catch { /* the answer is no problem document: its status says what there is to say */ }
      fail(new Fault(x.status, problem))
    }
    x.send(form)
  })
}
