"""A drawing on every step of a page, at the weight of one."""

from __future__ import annotations

from tfviz.draw.svg import Svg
from tfviz.learn.expressions.diagram import Diagram, Shown

LEAST = 0.7
"""How small a wide graph may become to fit a page, so that its letters stay readable."""


class Frames:
    """Pictures of one diagram for the steps of one page.

    The first one brings the graph and all its numbers; the others refer to them and hold no more
    than what is marked. So they are pictures on that page only, and a page has one diagram.

    Args:
        diagram: What is drawn.
    """

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram
        self._begun = False

    def picture(self, shown: Shown) -> str:
        """One step's picture, as SVG text."""
        everything = range(len(self.diagram.marks))
        width, height = self.diagram.size
        svg = Svg(width, height, least=LEAST * width)
        if shown.now:
            svg.at = sum(map(self.diagram.across, shown.now)) / len(shown.now)
        if not self._begun:
            self._define(svg)
            self._begun = True
        svg.raw('<use href="#graph"/>')
        self.diagram.draw_marked(svg, shown)
        for letter, known, draw in (
            ("v", shown.values, self.diagram.draw_value),
            ("g", shown.gradients, self.diagram.draw_gradient),
        ):
            for index in everything:
                if known is None or index in known:
                    if index in shown.now:
                        draw(svg, index, bold=True)
                    else:
                        svg.raw(f'<use href="#{letter}{index}"/>')
        return str(svg)

    def _define(self, svg: Svg) -> None:
        svg.raw('<defs>\n<g id="graph">')
        self.diagram.draw_graph(svg)
        svg.raw("</g>")
        for letter, draw in (("v", self.diagram.draw_value), ("g", self.diagram.draw_gradient)):
            for index in range(len(self.diagram.marks)):
                svg.raw(f'<g id="{letter}{index}">')
                draw(svg, index)
                svg.raw("</g>")
        svg.raw("</defs>")
