// What the console uses of Preact. `props` stay loose on purpose: htm templates are not type-checked anyway.
export type VNode = object;
export type Child = VNode | string | number | boolean | null | undefined | Child[];
export type FC<P = any> = (props: P) => Child;
export function h(type: any, props: any, ...children: any[]): VNode;
export function render(vnode: Child, parent: Element): void;
export class Component<P = any, S = any> {
  constructor(props?: P);
  props: P;
  state: S;
  setState(patch: Partial<S>): void;
  render(props: P, state: S): Child;
}
