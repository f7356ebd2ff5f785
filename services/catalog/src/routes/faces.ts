import Joi from 'joi';

/** Pictures and texts by which people know an event or an artist. */
export const images = () =>
  Joi.array()
    .items(
      Joi.object({
        url: Joi.string()
          .pattern(/^https:\/\/[^\s"'<>\\]{3,1000}$/, 'https address')
          .required(),
        alt: Joi.string().allow('').max(300).required().description('What there is to be seen'),
        ratio: Joi.string()
          .pattern(/^\d{1,2}:\d{1,2}$/, 'width to height')
          .example('16:9')
          .required(),
      }),
    )
    .max(20);

/** Tags of BCP 47 as far as texts differ by them: a language, its script, its region. */
const LANGUAGE = /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/;

export const language = () =>
  Joi.string()
    .pattern(LANGUAGE, 'BCP 47 tag')
    .description('Language of name and description as they stand, by BCP 47')
    .example('en');

export const translations = () =>
  Joi.object()
    .pattern(
      LANGUAGE,
      Joi.object({
        name: Joi.string().min(1).max(200),
        description: Joi.string().allow('').max(5_000),
      }),
    )
    .max(20)
    .description('Texts by language (BCP 47); one is chosen by Accept-Language');
