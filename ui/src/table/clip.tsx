/** Text that ends in an ellipsis where its cell ends. */
export function Clip({ children }: { readonly children: string }) {
  return <span class="clip">{children}</span>;
}
