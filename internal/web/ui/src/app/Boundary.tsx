import { Component, type ReactNode } from 'react'
import { Trouble } from '../parts/Trouble'

/** Shows what a page failed with, such as a part that could not be loaded, in place of an empty window. */
export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown }
  static getDerivedStateFromError(error: unknown) { return { error } }
  override render() {
    if (this.state.error === null) return this.props.children
    return <Trouble error={this.state.error} again={() => location.reload()} />
  }
}
